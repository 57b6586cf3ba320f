package searches

import (
	"bufio"
	"bytes"
	"context"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

const (
	// blockBytes is what an output block of usual size occupies while it is read: compressed, and
	// as it is.
	blockBytes = 512 << 10
	// batchBlocks is how many output blocks are read at a time.
	batchBlocks = 1
	// partialBlocks limits what is shown of an unfinished search. All of them are read in one
	// query, because the next step of a sorted search may replace them.
	partialBlocks = 32
)

// results reads the records of a window from a search's output.
type results struct {
	ctx       context.Context //nolint:containedctx // it lives as long as one response
	store     Store
	op        *operation.Operation
	first     []store.OutputBlock
	next      int // sequence number of the block to read next
	skip      int // records of the first block before the window
	remaining int // records of the window that were not written yet
	wrote     bool
	oneBatch  bool // the first batch is all there is
}

// openResults reads the first blocks, so that errors are reported before the response begins.
func (h *Handler) openResults(ctx context.Context, op *operation.Operation, w window) (*results, error) {
	if err := submission.RequireReader(access.Of(ctx), h.Collections, op); err != nil {
		return nil, err
	}
	r := &results{ctx: ctx, store: h.Store, op: op, remaining: w.size(countsOf(op).Returned), oneBatch: !op.State.Terminal()}
	if r.remaining == 0 {
		return r, nil
	}
	taken := admission.Of(ctx)
	if err := taken.Download(ctx, batchBlocks*blockBytes); err != nil {
		return nil, err
	}
	if w.offset > 0 {
		seq, before, found, err := h.Store.BlockOfRow(ctx, op.ID, store.RowsStage, w.offset)
		if err != nil {
			return nil, err
		}
		if !found {
			r.remaining = 0
			return r, nil
		}
		r.next, r.skip = seq, w.offset-before
	}
	limit, err := r.batchLimit(w)
	if err != nil {
		return nil, err
	}
	if err := taken.Reserve(ctx, int64(limit-batchBlocks)*blockBytes); err != nil {
		return nil, err
	}
	if r.first, err = r.read(limit); err != nil {
		return nil, err
	}
	if r.oneBatch { // a slow client holds what was read, and not what reading it took
		taken.Free(int64(limit)*blockBytes - sizeOf(r.first))
	}
	return r, nil
}

// batchLimit returns how many blocks are read first: of an unfinished search those that have the
// window's records, at most partialBlocks.
func (r *results) batchLimit(w window) (int, error) {
	if !r.oneBatch {
		return batchBlocks, nil
	}
	last, _, found, err := r.store.BlockOfRow(r.ctx, r.op.ID, store.RowsStage, w.offset+r.remaining-1)
	if err != nil {
		return 0, err
	}
	if !found { // the search has replaced its blocks since its state was read
		return partialBlocks, nil
	}
	return min(max(last-r.next+1, 1), partialBlocks), nil
}

func sizeOf(blocks []store.OutputBlock) (bytes int64) {
	for _, block := range blocks {
		bytes += int64(len(block.Bytes))
	}
	return bytes
}

func (r *results) read(limit int) ([]store.OutputBlock, error) {
	end, err := r.store.BeginRead(r.ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	blocks, err := r.store.Outputs(r.ctx, r.op.ID, store.RowsStage, r.next, limit)
	if len(blocks) > 0 {
		r.next = blocks[len(blocks)-1].Seq + 1
	}
	return blocks, err
}

// copyTo writes the records of the window, separated by commas.
func (r *results) copyTo(out *bufio.Writer) error {
	batch := r.first
	for r.remaining > 0 {
		for _, block := range batch {
			if err := r.write(out, block.Bytes); err != nil {
				return err
			}
		}
		if r.oneBatch || r.remaining == 0 {
			return nil
		}
		var err error
		if batch, err = r.read(batchBlocks); err != nil {
			return err
		}
		if len(batch) == 0 {
			return fault.New(fault.Gone, "operation-expired", "The results went away while they were read.")
		}
	}
	return nil
}

func (r *results) write(out *bufio.Writer, lines []byte) error {
	for line := range bytes.Lines(lines) {
		if r.skip > 0 {
			r.skip--
			continue
		}
		if r.remaining == 0 {
			return nil
		}
		if r.wrote {
			_ = out.WriteByte(',') // the next write returns the error
		}
		r.wrote = true
		r.remaining--
		if _, err := out.Write(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return err
		}
	}
	return nil
}
