package reports

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

// keptPieces is how many pieces of a file, each of half a MiB, one answer holds.
const keptPieces = 2

// content reads a file out of the store, a piece at a time, from any place on. No connection waits while a client is slow.
type content struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one answer
	store  Store
	id     uuid.UUID
	size   int64
	offset int64
	// pieces are the last that were unpacked, the latest first: ranges go to and fro.
	pieces [keptPieces]*store.OutputBlock
	// failed is why a read failed: net/http only breaks its answer off.
	failed error
}

func newContent(ctx context.Context, db Store, id uuid.UUID, size int64) *content {
	return &content{ctx: ctx, store: db, id: id, size: size}
}

// Read reads on in a piece in hand or takes the next.
func (c *content) Read(p []byte) (int, error) {
	if c.offset >= c.size {
		return 0, io.EOF
	}
	piece, err := c.take()
	if err != nil {
		c.failed = err
		return 0, err
	}
	n := copy(p, piece.Bytes[c.offset-piece.Offset:])
	c.offset += int64(n)
	return n, nil
}

// take returns the piece that holds the offset: one in hand, or the next in place of the eldest.
func (c *content) take() (*store.OutputBlock, error) {
	for _, piece := range c.pieces {
		if piece != nil && piece.Offset <= c.offset && c.offset < piece.Offset+int64(len(piece.Bytes)) {
			return piece, nil
		}
	}
	piece, err := c.store.OutputAt(c.ctx, c.id, store.FileStage, c.offset)
	if err != nil {
		return nil, fmt.Errorf("reading a report's file: %w", err)
	}
	if piece == nil {
		return nil, fault.New(fault.Gone, "operation-expired", "The report went away while it was read.")
	}
	copy(c.pieces[1:], c.pieces[:])
	c.pieces[0] = piece
	return piece, nil
}

// Seek goes to a place.
func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.offset
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("seeking before the beginning of a file")
	}
	c.offset = offset
	return offset, nil
}
