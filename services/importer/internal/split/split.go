// Package split splits a multipart upload into chunks. It reads the parts in order as one body and
// stages its records; the import then continues as if the body had been sent in a single request.
package split

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/staging"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
)

// cleanupRetryDelay is the delay before a failed cleanup is retried.
const cleanupRetryDelay = 5 * time.Second

// Splitter splits uploads. It is safe for concurrent use.
type Splitter struct {
	store       *store.Store
	collections worker.Collections
}

// New returns a Splitter.
func New(db *store.Store, collections worker.Collections) *Splitter {
	return &Splitter{store: db, collections: collections}
}

// Process splits the upload of the job. If a worker dies before it has finished, the next one
// starts from the beginning. It stages the same chunks again, or stages
// all chunks again with the new collection if it has changed.
func (s *Splitter) Process(ctx context.Context, c job.Chunk, _ store.Attempt) (store.Committed, error) {
	return s.store.RunSplit(ctx, c, s.split)
}

// WithCleanup returns a handler that calls handle and cleans up after a split has ended: it deletes
// the parts and, if the split has failed, its chunks. If the cleanup of an archived entry fails,
// the janitor retries it.
func (s *Splitter) WithCleanup(handle queue.Handler) queue.Handler {
	return func(ctx context.Context, e job.Entry) error {
		result := handle(ctx, e)
		_, archived := errors.AsType[*queue.ArchiveError](result)
		if result != nil && !archived {
			return result
		}
		err := s.store.ClearSplit(ctx, e.OperationID)
		if archived {
			return result
		}
		if err != nil {
			return &queue.RetryAfterError{
				Delay: cleanupRetryDelay, Reason: "cleaning up after the split", Err: fmt.Errorf("cleaning up after the split: %w", err),
			}
		}
		return nil
	}
}

func (s *Splitter) split(ctx context.Context, checkpoint store.Checkpoint) (store.Split, error) {
	request, err := staging.DecodeRequest(checkpoint.Request)
	if err != nil {
		return store.Split{}, err
	}
	target, err := worker.Collection(ctx, s.collections, checkpoint.Collection)
	if err != nil {
		return store.Split{}, err
	}
	media, err := request.Media()
	if err != nil {
		return store.Split{}, fmt.Errorf("%w: %w", worker.ErrNotReady, err) // a newer api accepts more media types
	}
	if err := s.store.BeginSplit(ctx, checkpoint.ID, target.Digest()); err != nil {
		return store.Split{}, err
	}
	body, err := s.open(ctx, checkpoint.ID, media, target, request.Limits())
	if err != nil {
		return store.Split{}, err
	}
	defer body.close()
	last, err := s.stage(ctx, checkpoint.ID, body, target, request)
	switch {
	case body.failure() != nil:
		return store.Split{}, body.failure() // takes precedence over the parser's error, which it has caused
	case isClientError(err):
		f := fault.Of(err)
		return store.Split{Failure: &operation.Failure{Code: f.PascalCode(), Message: f.Message}}, nil
	case err != nil:
		return store.Split{}, err
	}
	return store.Split{Records: last.FirstRow + last.Rows - 1, Chunks: last.Seq + 1}, nil
}

// stage stages all records and returns the last chunk.
func (s *Splitter) stage(
	ctx context.Context, id uuid.UUID, records *body, target *collection.Collection, request staging.Request,
) (chunk.Chunk, error) {
	write := func(ctx context.Context, c chunk.Chunk) error { return s.store.StageSplit(ctx, id, target.Digest(), c) }
	last, err := staging.Plan{Rows: request.ChunkRecords, Bytes: request.ChunkBytes, Stage: write}.Run(ctx, records)
	if err != nil {
		return chunk.Chunk{}, err
	}
	return last, write(ctx, last)
}

// isClientError reports whether the body caused the error, so that a retry would fail too.
func isClientError(err error) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && (f.Kind == fault.Malformed || f.Kind == fault.Invalid || f.Kind == fault.TooLarge || f.Kind == fault.UnsupportedMedia)
}
