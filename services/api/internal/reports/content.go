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

// cachedBlocks is how many blocks of a file, each of half a MiB, one response keeps in memory.
const cachedBlocks = 2

// contentBytes is what a download of a file occupies: the blocks, and one that is being read.
const contentBytes = 2 << 20

// content is an io.ReadSeeker of a file in the store. It reads one block at a time and keeps no
// connection while a client is slow.
type content struct {
	ctx    context.Context //nolint:containedctx // it lives as long as one response
	store  Store
	id     uuid.UUID
	size   int64
	offset int64
	// blocks are the ones read last, latest first, because ranges may alternate between two of
	// them.
	blocks [cachedBlocks]*store.OutputBlock
	// failed is the error of a read, which net/http does not report.
	failed error
}

func newContent(ctx context.Context, db Store, id uuid.UUID, size int64) *content {
	return &content{ctx: ctx, store: db, id: id, size: size}
}

// Read reads up to the end of the current block.
func (c *content) Read(p []byte) (int, error) {
	if c.offset >= c.size {
		return 0, io.EOF
	}
	block, err := c.currentBlock()
	if err != nil {
		c.failed = err
		return 0, err
	}
	n := copy(p, block.Bytes[c.offset-block.Offset:])
	c.offset += int64(n)
	return n, nil
}

// currentBlock returns the block that contains the offset, from memory or from the store.
func (c *content) currentBlock() (*store.OutputBlock, error) {
	for _, block := range c.blocks {
		if block != nil && block.Offset <= c.offset && c.offset < block.Offset+int64(len(block.Bytes)) {
			return block, nil
		}
	}
	end, err := c.store.BeginRead(c.ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	block, err := c.store.OutputAt(c.ctx, c.id, store.FileStage, c.offset)
	if err != nil {
		return nil, fmt.Errorf("reading a report's file: %w", err)
	}
	if block == nil {
		return nil, fault.New(fault.Gone, "operation-expired", "The report went away while it was read.")
	}
	copy(c.blocks[1:], c.blocks[:])
	c.blocks[0] = block
	return block, nil
}

// Seek implements io.Seeker.
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
