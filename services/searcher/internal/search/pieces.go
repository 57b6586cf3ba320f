package search

import (
	"bytes"
	"context"

	"github.com/longshore-io/longshore/pkg/store"
)

// pieceBytes is about how large a piece of output is.
const pieceBytes = 256 << 10

// write appends lines to a stage, behind what it has, in pieces.
func (s *search) write(ctx context.Context, stage string, to *output, lines [][]byte) error {
	var piece bytes.Buffer
	rows := 0
	for i, line := range lines {
		piece.Write(line)
		piece.WriteByte('\n')
		rows++
		if piece.Len() < pieceBytes && i < len(lines)-1 {
			continue
		}
		err := s.turn.Append(ctx, stage, store.OutputBlock{Seq: to.Pieces, Rows: rows, Offset: to.Bytes, Bytes: piece.Bytes()})
		if err != nil {
			return err
		}
		to.Pieces++
		to.Returned += rows
		to.Bytes += int64(piece.Len())
		piece.Reset()
		rows = 0
	}
	return nil
}

// rewrite writes lines in place of what a stage has.
func (s *search) rewrite(ctx context.Context, stage string, to *output, lines [][]byte) error {
	if to.Pieces > 0 {
		if err := s.turn.Clear(ctx, stage); err != nil {
			return err
		}
	}
	*to = output{}
	return s.write(ctx, stage, to, lines)
}

// lines reads what a stage has.
func (s *search) lines(ctx context.Context, stage string, of output) ([][]byte, error) {
	if of.Pieces == 0 {
		return nil, nil
	}
	pieces, err := s.turn.Outputs(ctx, stage, 0, of.Pieces)
	if err != nil {
		return nil, err
	}
	lines := make([][]byte, 0, of.Returned)
	for _, p := range pieces {
		for line := range bytes.Lines(p.Bytes) {
			lines = append(lines, bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	return lines, nil
}
