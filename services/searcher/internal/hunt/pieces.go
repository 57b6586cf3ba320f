package hunt

import (
	"bytes"
	"context"

	"github.com/longshore-io/longshore/pkg/store"
)

// pieceBytes is about how large a piece of output is.
const pieceBytes = 256 << 10

// write appends records to the output, in pieces.
func (s *search) write(ctx context.Context, records [][]byte) error {
	var piece bytes.Buffer
	rows := 0
	for i, record := range records {
		piece.Write(record)
		piece.WriteByte('\n')
		rows++
		if piece.Len() < pieceBytes && i < len(records)-1 {
			continue
		}
		if err := s.append(ctx, piece.Bytes(), rows); err != nil {
			return err
		}
		piece.Reset()
		rows = 0
	}
	return nil
}

func (s *search) append(ctx context.Context, piece []byte, rows int) error {
	err := s.turn.Append(ctx, store.RowsStage, store.Piece{Seq: s.place.Pieces, Rows: rows, Offset: s.place.Bytes, Bytes: piece})
	if err != nil {
		return err
	}
	s.place.Pieces++
	s.place.Returned += rows
	s.place.Bytes += int64(len(piece))
	return nil
}
