// Package staging packs records into chunks and writes each chunk while it packs the next. The api
// uses it for the bodies that it receives, the importer for the parts of multipart uploads.
package staging

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/longshore-io/longshore/pkg/chunk"
)

const (
	// defaultTouchEvery is the default of Plan.TouchEvery.
	defaultTouchEvery = 10 * time.Second
	// stageTimeout limits the writing of one chunk, which usually takes milliseconds.
	stageTimeout = 30 * time.Second
)

// Records is a stream of records.
type Records interface {
	// Next returns the next record; io.EOF after the last one.
	Next() ([]byte, error)
}

// Memory admits what Run holds. Nil admits everything.
type Memory interface {
	// Reserve waits for memory; its error ends Run.
	Reserve(ctx context.Context, bytes int64) error
	// TryReserve takes memory that makes Run faster, if there is plenty.
	TryReserve(bytes int64) bool
	// Free returns memory.
	Free(bytes int64)
	// Short reports whether memory that makes Run faster should be returned.
	Short() bool
}

// Plan configures the size of the chunks and where they are written.
type Plan struct {
	// Rows and Bytes are the limits of a chunk; see chunk.Packer.
	Rows, Bytes int
	// Stage writes one chunk.
	Stage func(context.Context, chunk.Chunk) error
	// Touch, unless it is nil, is called at the interval TouchEvery, also while no chunk is full, to
	// show that the upload is alive. Its error ends Run.
	Touch func(context.Context) error
	// TouchEvery is the interval of Touch; 0 means 10 s.
	TouchEvery time.Duration
	// Memory admits buffers of more than 64 KiB. If memory is short, chunks become smaller.
	Memory Memory
}

// Run packs all records and stages all chunks except the last one, which it returns, so that the
// caller can write it in another transaction. Records are read and compressed in parallel to the
// writing. Memory holds a few chunks, regardless of the number of records.
func (p Plan) Run(ctx context.Context, records Records) (last chunk.Chunk, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := p.start(ctx)
	last, err = p.pack(ctx, records, w)
	if err != nil {
		cancel()
		_ = w.finish() // err is the cause
		return chunk.Chunk{}, err
	}
	return last, w.finish()
}

// pack packs the records, passes all full chunks to the writer, and returns the last chunk.
func (p Plan) pack(ctx context.Context, records Records, w *writer) (chunk.Chunk, error) {
	b := newBuffer(p)
	defer b.free()
	full := false
	for {
		record, err := records.Next()
		if errors.Is(err, io.EOF) {
			return b.packer.Cut(), nil
		}
		if err != nil {
			return chunk.Chunk{}, err
		}
		if full || b.mustCut(len(record)) {
			if !w.stage(b.packer.Cut()) {
				return chunk.Chunk{}, nil // finish returns the error
			}
			b.afterCut()
		}
		if err := b.reserve(ctx, len(record)); err != nil {
			return chunk.Chunk{}, err
		}
		full = b.packer.Add(record)
	}
}

// writer writes chunks in a goroutine of its own, one after another.
type writer struct {
	chunks chan chunk.Chunk
	done   chan struct{}
	err    error
}

func (p Plan) start(ctx context.Context) *writer {
	w := &writer{chunks: make(chan chunk.Chunk), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = p.write(ctx, w.chunks)
	}()
	return w
}

func (p Plan) write(ctx context.Context, chunks <-chan chunk.Chunk) error {
	touch := time.NewTicker(cmp.Or(p.TouchEvery, defaultTouchEvery))
	defer touch.Stop()
	for {
		select {
		case c, more := <-chunks:
			if !more {
				return nil
			}
			if err := p.stage(ctx, c); err != nil {
				return err
			}
		case <-touch.C:
			if err := p.touch(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p Plan) touch(ctx context.Context) error {
	if p.Touch == nil {
		return nil
	}
	return p.Touch(ctx)
}

func (p Plan) stage(ctx context.Context, c chunk.Chunk) error {
	ctx, cancel := context.WithTimeout(ctx, stageTimeout)
	defer cancel()
	return p.Stage(ctx, c)
}

// stage passes a chunk to the writer; false means that the writer has failed.
func (w *writer) stage(c chunk.Chunk) bool {
	select {
	case w.chunks <- c:
		return true
	case <-w.done:
		return false
	}
}

// finish waits until all chunks are written, and returns the first error.
func (w *writer) finish() error {
	close(w.chunks)
	<-w.done
	return w.err
}
