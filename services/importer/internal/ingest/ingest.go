// Package ingest is the work of the importer: it takes a chunk, checks its records, loads them into the collection's table and
// accounts for every one of them, in one transaction that only one worker can win.
package ingest

import (
	"context"
	"errors"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/record"
)

// Ingest processes chunks of imports. It is safe for concurrent use.
type Ingest struct {
	store   *store.Store
	plans   *plans
	counted *metrics.Records
}

// New prepares every collection at once, so that one which does not fit its table is told at the start and not at the
// first import. What becomes of the records is counted.
func New(ctx context.Context, db *store.Store, collections *collection.Catalog, records record.Limits, counted *metrics.Records) (*Ingest, error) {
	i := &Ingest{
		store:   db,
		plans:   &plans{tables: db, collections: collections, limits: records, byName: make(map[string]*plan)},
		counted: counted,
	}
	var errs []error
	for _, name := range collections.Names() {
		_, err := i.plans.get(ctx, name)
		errs = append(errs, err)
	}
	return i, errors.Join(errs...)
}

// Process processes one chunk. It makes the plan before the step, because a step must not wait for a second connection while it holds its own.
// A plan whose step failed by itself is not used again: the table may have changed since it was described.
func (i *Ingest) Process(ctx context.Context, c job.Chunk, attempt store.Attempt) (store.Committed, error) {
	plan, err := i.plans.get(ctx, attempt.Collection)
	if err != nil {
		return store.Committed{}, err
	}
	done, err := i.store.RunStep(ctx, c, plan.step)
	switch {
	case err == nil:
		i.counted.Count(attempt.Collection, done.Counts)
	case !errors.Is(err, store.ErrNothingDue) && !worker.IsTransient(ctx, err):
		i.plans.forget(attempt.Collection)
	}
	return done, err
}
