package staging

import (
	"context"
	"time"

	"github.com/longshore-io/longshore/pkg/chunk"
)

const (
	// freeBuffer is the size of a buffer that needs no admission.
	freeBuffer = 64 << 10
	// copies is how often a chunk is in memory: one that is packed, one that is compressed and waits
	// for the writer, one that is being written.
	copies = 3
	// slowFill is the time to fill a chunk after which its buffer is not kept for the next one: the
	// upload is slow, and allocating a buffer costs little in comparison.
	slowFill = time.Second
)

// buffer is the packer of an upload with the memory that it has reserved. A slow upload holds what it
// has sent since its last chunk, and a fast one a few chunks.
type buffer struct {
	packer   *chunk.Packer
	memory   Memory
	reserved int
	started  time.Time
}

func newBuffer(p Plan) *buffer {
	memory := p.Memory
	if memory == nil {
		memory = plenty{}
	}
	return &buffer{packer: chunk.NewPacker(p.Rows, p.Bytes), memory: memory, started: time.Now()}
}

// mustCut reports whether the chunk must be cut before a record of the size, although it is not full:
// there is no memory for a larger chunk, or others need what a slow upload holds.
func (b *buffer) mustCut(size int) bool {
	if b.packer.Rows() == 0 {
		return false
	}
	if b.reserved > 0 && b.slow() && b.memory.Short() {
		return true
	}
	more := b.packer.BufferFor(size) - max(b.reserved, freeBuffer)
	if more <= 0 {
		return false
	}
	if !b.memory.TryReserve(int64(more) * copies) {
		return true
	}
	b.reserved = max(b.reserved, freeBuffer) + more
	return false
}

// reserve makes room for a record. Only a record that is larger than the free buffer needs memory
// here.
func (b *buffer) reserve(ctx context.Context, size int) error {
	if b.packer.Rows() == 0 {
		b.started = time.Now()
	}
	if more := b.packer.BufferFor(size) - max(b.reserved, freeBuffer); more > 0 {
		if err := b.memory.Reserve(ctx, int64(more)*copies); err != nil {
			return err
		}
		b.reserved = max(b.reserved, freeBuffer) + more
	}
	b.packer.Grow(size)
	return nil
}

// afterCut returns the buffer of a slow upload, or of any if memory is short.
func (b *buffer) afterCut() {
	if b.slow() || b.memory.Short() {
		b.packer.Release()
		b.free()
	}
}

func (b *buffer) slow() bool { return time.Since(b.started) > slowFill }

func (b *buffer) free() {
	if b.reserved > 0 {
		b.memory.Free(int64(b.reserved-freeBuffer) * copies)
		b.reserved = 0
	}
}

// plenty admits everything.
type plenty struct{}

func (plenty) Reserve(context.Context, int64) error { return nil }
func (plenty) TryReserve(int64) bool                { return true }
func (plenty) Free(int64)                           {}
func (plenty) Short() bool                          { return false }
