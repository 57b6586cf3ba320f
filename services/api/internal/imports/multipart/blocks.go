package multipart

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/imports"
)

const (
	// minBlockBytes and maxBlockBytes limit how much of a part is buffered, and written in one
	// transaction.
	minBlockBytes, maxBlockBytes = 64 << 10, 1 << 20
	// blockCopies is how often a block is in memory while it is written: as it is, compressed, and in
	// the buffer of the driver.
	blockCopies = 3
	// slowBlock is the time to receive a block after which the part is slow.
	slowBlock = time.Second
	// writeTimeout limits one transaction, which normally takes milliseconds.
	writeTimeout = 30 * time.Second
	// touchInterval is how often a slow part postpones the expiry of its upload.
	touchInterval = 10 * time.Second
)

// writeBlocks writes the decoded bytes of a part to the store, block by block. Blocks become larger
// while there is plenty of memory.
func (h *Handler) writeBlocks(ctx context.Context, writer *store.PartWriter, count func(int64) error, decoded io.Reader) error {
	taken := admission.Of(ctx)
	block := make([]byte, minBlockBytes)
	touched := time.Now()
	for done := false; !done; {
		started := time.Now()
		n, err := imports.ReadFull(decoded, block)
		if done = errors.Is(err, io.EOF); err != nil && !done {
			return err
		}
		if n > 0 {
			if err := count(int64(n)); err != nil {
				return err
			}
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
		block = nextBlock(taken, block, time.Since(started) > slowBlock)
	}
	return nil
}

// nextBlock returns the buffer for the next block. That of a fast part doubles until it has
// maxBlockBytes, and that of a slow one is reduced, so that it does not keep memory which it can't
// use.
func nextBlock(taken *admission.Request, block []byte, slow bool) []byte {
	size := len(block)
	switch {
	case slow || taken.Short():
		taken.Free(int64(size-minBlockBytes) * blockCopies)
		size = minBlockBytes
	case size < maxBlockBytes && taken.TryReserve(int64(size)*blockCopies):
		size *= 2
	}
	if size == len(block) {
		return block
	}
	return make([]byte, size)
}

func withTimeout(ctx context.Context, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return write(ctx)
}
