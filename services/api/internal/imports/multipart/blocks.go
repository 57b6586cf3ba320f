package multipart

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// blockBytes is how much of a part is buffered, and written in one transaction.
	blockBytes = 1 << 20
	// writeTimeout limits one transaction, which normally takes milliseconds.
	writeTimeout = 30 * time.Second
	// touchInterval is how often a slow part postpones the expiry of its upload.
	touchInterval = 10 * time.Second
)

// writeBlocks writes the decoded bytes of a part to the store, block by block.
func (h *Handler) writeBlocks(ctx context.Context, writer *store.PartWriter, decoded io.Reader) error {
	block := make([]byte, blockBytes)
	touched := time.Now()
	for done := false; !done; {
		n, err := readFull(decoded, block)
		if done = errors.Is(err, io.EOF); err != nil && !done {
			return err
		}
		if n > 0 {
			if err := withTimeout(ctx, func(ctx context.Context) error { return writer.Append(ctx, block[:n]) }); err != nil {
				return err
			}
		}
		if time.Since(touched) > touchInterval {
			touched = time.Now()
			if err := withTimeout(ctx, func(ctx context.Context) error { return writer.Touch(ctx, h.Options.Retention) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// readFull reads until p is full. Unlike io.ReadFull it returns io.EOF, and not
// io.ErrUnexpectedEOF, with a short last block.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var read int
		read, err = r.Read(p[n:])
		n += read
	}
	return n, err
}

func withTimeout(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return write(ctx)
}
