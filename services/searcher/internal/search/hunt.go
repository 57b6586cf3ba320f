// Package hunt is the work of the searcher: it looks through a collection's table in steps, each a short transaction of its own that leaves
// what it found, and where it stands, for whichever searcher takes the next.
package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
)

// Searcher takes the steps of searches. It is safe for concurrent use.
type Searcher struct {
	store       *store.Store
	collections *collection.Catalog
	maxBytes    int
}

// New makes a Hunt; maxBytes bounds what one search finds.
func New(db *store.Store, collections *collection.Catalog, maxBytes int) *Searcher {
	return &Searcher{store: db, collections: collections, maxBytes: maxBytes}
}

// Process takes one step of a search. It stops in its middle when the search is finished by somebody else.
func (h *Searcher) Process(ctx context.Context, c job.Chunk, attempt store.Attempt) (store.Committed, error) {
	target, err := worker.Collection(h.collections, attempt.Collection)
	if err != nil {
		return store.Committed{}, err
	}
	done, err := h.whileLive(ctx, c.OperationID, func(ctx context.Context) (store.Committed, error) {
		return h.store.RunResumable(ctx, c, func(ctx context.Context, t *store.ResumableStep) (store.Progress, error) {
			return h.turn(ctx, t, target, attempt.Count)
		})
	})
	if f := fault.Of(err); err != nil && f.Kind == fault.Invalid {
		return store.Committed{}, &worker.ClientError{Failure: operation.Failure{Code: codeInvalidQuery, Message: f.Message}}
	}
	return done, err
}

// codeInvalidQuery is the error code of a search that Postgres refused.
const codeInvalidQuery = "InvalidQuery"

// turn looks at the next rows and writes down what it found.
func (h *Searcher) turn(ctx context.Context, t *store.ResumableStep, target *collection.Collection, attempt int) (store.Progress, error) {
	var q query.Query
	if err := json.Unmarshal(t.Request, &q); err != nil {
		return store.Progress{}, fmt.Errorf("reading what is searched for: %w", err)
	}
	plan, err := t.PrepareScan(ctx, target, q)
	if err != nil {
		return store.Progress{}, err
	}
	s := &search{turn: t, plan: plan, maxBytes: h.maxBytes}
	if err := s.resume(ctx, target); err != nil {
		return store.Progress{}, err
	}
	if err := s.look(ctx, attempt); err != nil {
		return store.Progress{}, err
	}
	return s.advance()
}

// errEnded ends a step whose search was finished by somebody else.
var errEnded = errors.Join(store.ErrNothingDue, errors.New("the search is finished"))
