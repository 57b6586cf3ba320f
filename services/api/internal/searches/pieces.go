package searches

import (
	"bufio"
	"bytes"
	"context"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// batchPieces is how many pieces of output are held at a time, each of a few hundred KiB.
	batchPieces = 8
	// partialPieces bounds what is shown of an unfinished search. They are read at once, because the next step of a sorted one may write
	// all of them anew.
	partialPieces = 32
)

// pieces reads the records of a window out of a search's output.
type pieces struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one answer
	store  Store
	op     *operation.Operation
	first  []store.OutputBlock
	next   int // the piece after those
	skip   int // rows of the first piece before the window
	left   int // rows of the window
	wrote  bool
	atOnce bool
}

// openPieces reads the first pieces, so that what goes wrong is told before the answer begins.
func (d *Dialect) openPieces(ctx context.Context, op *operation.Operation, w window) (*pieces, error) {
	p := &pieces{ctx: ctx, store: d.Store, op: op, left: w.size(countsOf(op).Returned), atOnce: !op.State.Terminal()}
	if p.left == 0 {
		return p, nil
	}
	if w.offset > 0 {
		seq, before, there, err := d.Store.BlockOfRow(ctx, op.ID, store.RowsStage, w.offset)
		if err != nil {
			return nil, err
		}
		if !there {
			p.left = 0
			return p, nil
		}
		p.next, p.skip = seq, w.offset-before
	}
	limit := batchPieces
	if p.atOnce {
		limit = partialPieces
	}
	var err error
	p.first, err = p.read(limit)
	return p, err
}

func (p *pieces) read(limit int) ([]store.OutputBlock, error) {
	found, err := p.store.Outputs(p.ctx, p.op.ID, store.RowsStage, p.next, limit)
	if len(found) > 0 {
		p.next = found[len(found)-1].Seq + 1
	}
	return found, err
}

// copyTo writes the records with commas between them.
func (p *pieces) copyTo(out *bufio.Writer) error {
	batch := p.first
	for p.left > 0 {
		for _, piece := range batch {
			if err := p.write(out, piece.Bytes); err != nil {
				return err
			}
		}
		if p.atOnce || p.left == 0 {
			return nil
		}
		var err error
		if batch, err = p.read(batchPieces); err != nil {
			return err
		}
		if len(batch) == 0 {
			return fault.New(fault.Gone, "operation-expired", "The results went away while they were read.")
		}
	}
	return nil
}

func (p *pieces) write(out *bufio.Writer, lines []byte) error {
	for line := range bytes.Lines(lines) {
		if p.skip > 0 {
			p.skip--
			continue
		}
		if p.left == 0 {
			return nil
		}
		if p.wrote {
			_ = out.WriteByte(',') // an error stays until the next write
		}
		p.wrote = true
		p.left--
		if _, err := out.Write(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return err
		}
	}
	return nil
}
