package imports

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// touchInterval is how often an upload that is waiting for its client tells the janitor that it is alive. It must be well
	// below the janitor's LONGSHORE_ABANDONED_AFTER.
	touchInterval = 10 * time.Second
	// touchTimeout lets a database that does not answer miss a touch without holding up the upload for long.
	touchTimeout = 5 * time.Second
	// stageTimeout bounds each transaction of an upload: a chunk is written in milliseconds.
	stageTimeout = 30 * time.Second
	// dropTimeout bounds taking back what a broken upload wrote; the janitor does what is left.
	dropTimeout = 20 * time.Second
)

// records hands on one record after another; io.EOF follows the last.
type records interface {
	Next() ([]byte, error)
}

// receiver turns a stream of records into a sealed operation. Splitting and compressing run beside staging, so that the
// client is read while Postgres writes; memory holds a few chunks, whatever the body's size.
type receiver struct {
	store *store.Store
	log   *slog.Logger
	// maxRows and maxBytes bound a chunk.
	maxRows, maxBytes int
}

// receive reads all records and returns the sealed operation. On an error it takes back what it wrote.
func (r *receiver) receive(ctx context.Context, draft store.Draft, body records) (*operation.Operation, error) {
	upload, err := r.store.NewUpload(draft)
	if err != nil {
		return nil, err
	}
	sealed, err := r.stageAndSeal(ctx, upload, body)
	if err != nil && upload.Begun() {
		r.takeBack(ctx, upload)
	}
	return sealed, err
}

// stageAndSeal does not hang on the request's context, which net/http ends at any error of reading: what the client did wrong
// would be told as a database that does not answer.
func (r *receiver) stageAndSeal(ctx context.Context, upload *store.Upload, body records) (*operation.Operation, error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	staging := startStaging(ctx, r.log, upload)
	last, err := r.split(body, staging)
	if err != nil {
		cancel()
		_ = staging.finish() // the body's error is the cause, and all of it is dropped
		return nil, err
	}
	if err := staging.finish(); err != nil {
		return nil, err
	}
	ctx, cancelSeal := context.WithTimeout(ctx, stageTimeout)
	defer cancelSeal()
	return upload.Seal(ctx, last)
}

// split cuts the records into chunks and hands on all but the last, which belongs to the seal.
func (r *receiver) split(body records, staging *staging) (last chunk.Chunk, err error) {
	packer := chunk.NewPacker(r.maxRows, r.maxBytes)
	full := false
	for {
		record, err := body.Next()
		if errors.Is(err, io.EOF) {
			return packer.Cut(), nil
		}
		if err != nil {
			return chunk.Chunk{}, err
		}
		if full && !staging.stage(packer.Cut()) {
			return chunk.Chunk{}, nil // finish tells why
		}
		full = packer.Add(record)
	}
}

func (r *receiver) takeBack(ctx context.Context, upload *store.Upload) {
	drop, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	if err := upload.Drop(drop); err != nil {
		r.log.Warn("a broken upload is left to the janitor", slog.Any("error", err), slog.String("operation", upload.ID().String()))
	}
}

// staging writes chunks one after another beside the goroutine that splits.
type staging struct {
	log    *slog.Logger
	chunks chan chunk.Chunk
	done   chan struct{}
	err    error
}

func startStaging(ctx context.Context, log *slog.Logger, upload *store.Upload) *staging {
	s := &staging{log: log, chunks: make(chan chunk.Chunk), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = s.run(ctx, upload)
	}()
	return s
}

func (s *staging) run(ctx context.Context, upload *store.Upload) error {
	touch := time.NewTicker(touchInterval)
	defer touch.Stop()
	for {
		select {
		case c, more := <-s.chunks:
			if !more {
				return nil
			}
			if err := stageOne(ctx, upload, c); err != nil {
				return err
			}
		case <-touch.C:
			if err := s.touch(ctx, upload); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// touch may fail: the janitor waits for several. If the database stays away, the next chunk tells. It only returns that the
// upload is gone.
func (s *staging) touch(ctx context.Context, upload *store.Upload) error {
	if !upload.Begun() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, touchTimeout)
	defer cancel()
	err := upload.Touch(ctx)
	if errors.Is(err, store.ErrUploadGone) {
		return err
	}
	if err != nil {
		s.log.Warn("an upload could not be kept alive and will be touched again", slog.Any("error", err), slog.String("operation", upload.ID().String()))
	}
	return nil
}

func stageOne(ctx context.Context, upload *store.Upload, c chunk.Chunk) error {
	ctx, cancel := context.WithTimeout(ctx, stageTimeout)
	defer cancel()
	return upload.Stage(ctx, c)
}

// stage hands a chunk on; false means that staging has failed.
func (s *staging) stage(c chunk.Chunk) bool {
	select {
	case s.chunks <- c:
		return true
	case <-s.done:
		return false
	}
}

// finish waits until everything handed on is written.
func (s *staging) finish() error {
	close(s.chunks)
	<-s.done
	return s.err
}
