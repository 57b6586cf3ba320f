// Package staging cuts records into chunks and has them written while it goes on cutting, for the api, which receives bodies, and for the
// importer, which splits uploads in pieces.
package staging

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/longshore-io/longshore/pkg/chunk"
)

const (
	// touchInterval is how often Plan.Touch is called. It must be well below the janitor's LONGSHORE_ABANDONED_AFTER.
	touchInterval = 10 * time.Second
	// stageTimeout bounds writing a chunk, which takes milliseconds.
	stageTimeout = 30 * time.Second
)

// Records hands on one record after another; io.EOF follows the last.
type Records interface {
	Next() ([]byte, error)
}

// Plan says how records are cut and where the chunks go.
type Plan struct {
	// Rows and Bytes bound a chunk.
	Rows, Bytes int
	// Stage writes one chunk.
	Stage func(context.Context, chunk.Chunk) error
	// Touch, if there is one, tells now and then that the work goes on, also while no chunk is full. An error ends the work.
	Touch func(context.Context) error
}

// Run cuts all records and stages all chunks but the last, which it returns: writing that one can be part of something else. Splitting and
// compressing run beside staging, so that a client is read while Postgres writes; memory holds a few chunks, whatever there is to cut.
func (p Plan) Run(ctx context.Context, body Records) (last chunk.Chunk, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := p.start(ctx)
	last, err = p.cut(body, w)
	if err != nil {
		cancel()
		_ = w.finish() // the records' error is the cause
		return chunk.Chunk{}, err
	}
	return last, w.finish()
}

// cut cuts the records into chunks and hands on all but the last.
func (p Plan) cut(body Records, w *writer) (chunk.Chunk, error) {
	packer := chunk.NewPacker(p.Rows, p.Bytes)
	full := false
	for {
		record, err := body.Next()
		if errors.Is(err, io.EOF) {
			return packer.Cut(), nil
		}
		if err != nil {
			return chunk.Chunk{}, err
		}
		if full && !w.stage(packer.Cut()) {
			return chunk.Chunk{}, nil // finish tells why
		}
		full = packer.Add(record)
	}
}

// writer writes chunks one after another beside the goroutine that cuts.
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
	touch := time.NewTicker(touchInterval)
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

// stage hands a chunk on; false means that writing has failed.
func (w *writer) stage(c chunk.Chunk) bool {
	select {
	case w.chunks <- c:
		return true
	case <-w.done:
		return false
	}
}

// finish waits until everything handed on is written.
func (w *writer) finish() error {
	close(w.chunks)
	<-w.done
	return w.err
}
