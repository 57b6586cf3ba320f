// Package split cuts an upload in pieces into chunks: it reads the parts in order as the one body that they are and stages its records,
// before the import goes on as if the body had come in one request.
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
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/staging"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/worker"
)

// clearDelay is when clearing up is tried again.
const clearDelay = 5 * time.Second

// Splitter splits uploads. It is safe for concurrent use.
type Splitter struct {
	store       *store.Store
	collections *collection.Catalog
}

// New makes a Splitter.
func New(db *store.Store, collections *collection.Catalog) *Splitter {
	return &Splitter{store: db, collections: collections}
}

// Process splits the upload that the chunk stands for. A worker that dies in its middle leaves chunks, which the next one finds as it would have
// written them itself.
func (s *Splitter) Process(ctx context.Context, c job.Chunk, _ store.Attempt) (store.Committed, error) {
	return s.store.RunSplit(ctx, c, s.split)
}

// ThenClear adds to a handler that clears up once there is nothing more to split: the parts of what was split, and the chunks of what was
// broken off. Of an upload that was given up, the janitor clears what is left.
func (s *Splitter) ThenClear(handle queue.Handler) queue.Handler {
	return func(ctx context.Context, c job.Chunk) error {
		ended := handle(ctx, c)
		_, givenUp := errors.AsType[*queue.ArchiveError](ended)
		if ended != nil && !givenUp {
			return ended
		}
		err := s.store.ClearSplit(ctx, c.OperationID)
		if givenUp {
			return ended
		}
		if err != nil {
			return &queue.RetryAfterError{Delay: clearDelay, Reason: "clearing up after the split", Err: fmt.Errorf("clearing up after the split: %w", err)}
		}
		return nil
	}
}

func (s *Splitter) split(ctx context.Context, place store.Checkpoint) (store.Split, error) {
	request, err := staging.DecodeRequest(place.Request)
	if err != nil {
		return store.Split{}, err
	}
	target, err := worker.Collection(s.collections, place.Collection)
	if err != nil {
		return store.Split{}, err
	}
	media, err := intake.Negotiate(request.ContentType, nil)
	if err != nil {
		return store.Split{}, fmt.Errorf("%w: %w", worker.ErrNotReady, err) // an api that is newer takes more
	}
	parts, err := s.store.ReadParts(ctx, place.ID)
	if err != nil {
		return store.Split{}, err
	}
	last, err := s.stage(ctx, place.ID, parts, media, target, request)
	switch {
	case parts.Err() != nil:
		return store.Split{}, parts.Err() // whatever the parser made of it
	case isTheirs(err):
		f := fault.Of(err)
		return store.Split{Failure: &operation.Failure{Code: f.PascalCode(), Message: f.Message}}, nil
	case err != nil:
		return store.Split{}, err
	}
	return store.Split{Records: last.FirstRow + last.Rows - 1, Chunks: last.Seq + 1}, nil
}

// stage stages all records and returns the last chunk.
func (s *Splitter) stage(
	ctx context.Context, id uuid.UUID, parts *store.PartsReader, media intake.Media, target *collection.Collection, request staging.Request,
) (chunk.Chunk, error) {
	records, err := intake.Open(parts, media, target, request.Limits())
	if err != nil {
		return chunk.Chunk{}, err
	}
	defer records.Close()
	write := func(ctx context.Context, c chunk.Chunk) error { return s.store.StageSplit(ctx, id, c) }
	last, err := staging.Plan{Rows: request.ChunkRecords, Bytes: request.ChunkBytes, Stage: write}.Run(ctx, records)
	if err != nil {
		return chunk.Chunk{}, err
	}
	return last, write(ctx, last)
}

// isTheirs reports whether an error is the fault of the body, so that no other attempt will fare better.
func isTheirs(err error) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && (f.Kind == fault.Malformed || f.Kind == fault.Invalid || f.Kind == fault.TooLarge)
}
