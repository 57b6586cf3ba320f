// Package search runs searches. A search reads its collection's table in steps. Each step is a
// short transaction that commits the records found and a checkpoint, from which any searcher runs
// the next step.
package search

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
)

// codeInvalidQuery is the error code of a search whose query Postgres has rejected.
const codeInvalidQuery = "InvalidQuery"

// Searcher runs the steps of searches. It is safe for concurrent use.
type Searcher struct {
	store       *store.Store
	collections worker.Collections
	maxBytes    int
}

// New returns a searcher. maxBytes limits the records that one search returns.
func New(db *store.Store, collections worker.Collections, maxBytes int) *Searcher {
	return &Searcher{store: db, collections: collections, maxBytes: maxBytes}
}

// Process runs one step of a search. It cancels the step when the search is finished meanwhile, for
// example by its client.
func (s *Searcher) Process(ctx context.Context, c job.Chunk, attempt store.Attempt) (store.Committed, error) {
	target, err := worker.Target(ctx, s.collections, attempt.Collection, attempt.Caller)
	if err != nil {
		return store.Committed{}, err
	}
	var done store.Committed
	err = s.store.WhileLive(ctx, c.OperationID, func(ctx context.Context) (err error) {
		done, err = s.store.RunResumable(ctx, c, func(ctx context.Context, tx *store.ResumableStep) (store.Progress, error) {
			return s.runStep(ctx, tx, target, attempt.Count)
		})
		return err
	})
	if f := fault.Of(err); err != nil && f.Kind == fault.Invalid {
		return store.Committed{}, &worker.ClientError{Failure: operation.Failure{Code: codeInvalidQuery, Message: f.Message}}
	}
	return done, err
}

// runStep reads the next rows, writes the records found, and returns the next checkpoint.
func (s *Searcher) runStep(ctx context.Context, tx *store.ResumableStep, target *collection.Collection, attempt int) (store.Progress, error) {
	var q query.Query
	if err := json.Unmarshal(tx.Request, &q); err != nil {
		return store.Progress{}, fmt.Errorf("decoding the query of a search: %w", err)
	}
	plan, err := tx.PrepareScan(ctx, target, q)
	if err != nil {
		return store.Progress{}, err
	}
	st := &step{tx: tx, plan: plan, maxBytes: s.maxBytes}
	if err := st.resume(ctx, target); err != nil {
		return store.Progress{}, err
	}
	if err := st.readBatch(ctx, attempt); err != nil {
		return store.Progress{}, err
	}
	return st.progress()
}
