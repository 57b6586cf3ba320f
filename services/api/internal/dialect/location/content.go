package location

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

// content reads a file out of the store, a piece at a time, from any place on. No connection waits while a client is slow.
type content struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one answer
	store  Store
	id     uuid.UUID
	size   int64
	offset int64
	piece  *store.Piece
	// failed is why a read failed: net/http only breaks its answer off.
	failed error
}

func newContent(ctx context.Context, db Store, id uuid.UUID, size int64) *content {
	return &content{ctx: ctx, store: db, id: id, size: size}
}

// Read reads on in the piece in hand or takes the next.
func (c *content) Read(p []byte) (int, error) {
	if c.offset >= c.size {
		return 0, io.EOF
	}
	if err := c.take(); err != nil {
		c.failed = err
		return 0, err
	}
	n := copy(p, c.piece.Bytes[c.offset-c.piece.Offset:])
	c.offset += int64(n)
	return n, nil
}

// take makes sure that the piece in hand holds the offset.
func (c *content) take() error {
	if c.piece != nil && c.piece.Offset <= c.offset && c.offset < c.piece.Offset+int64(len(c.piece.Bytes)) {
		return nil
	}
	piece, err := c.store.OutputAt(c.ctx, c.id, store.FileStage, c.offset)
	if err != nil {
		return fmt.Errorf("reading a report's file: %w", err)
	}
	if piece == nil {
		return fault.New(fault.Gone, "operation-expired", "The report went away while it was read.")
	}
	c.piece = piece
	return nil
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
