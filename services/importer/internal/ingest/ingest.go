// Package ingest processes the chunks of imports: it checks the records of a chunk, loads them into
// the collection's table and reports the outcome of each one, in a single transaction.
package ingest

import (
	"context"
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/pkg/worker"
)

// Ingest processes chunks of imports. It is safe for concurrent use.
type Ingest struct {
	store     *store.Store
	pipelines *pipelines
	counted   *metrics.Records
	// collections are those whose imports may write the parents of records.
	collections Collections
	// parentWait limits how long records that a foreign key refuses await earlier imports.
	parentWait time.Duration
}

// New returns an Ingest. It counts the outcomes of the records in counted. Records that a foreign key
// refuses await imports that were accepted earlier for the time parentWait: see store.RunAwaiting.
func New(db *store.Store, collections Collections, limits record.Limits, counted *metrics.Records, parentWait time.Duration) *Ingest {
	return &Ingest{
		store:       db,
		pipelines:   &pipelines{store: db, collections: collections, limits: limits, cached: make(map[pipelineKey]*pipeline)},
		counted:     counted,
		collections: collections,
		parentWait:  parentWait,
	}
}

// Process processes one chunk. It gets the pipeline before the step starts, because a step must not
// wait for a second connection while it uses its own. After a failure that is neither transient nor
// ErrNothingDue it removes the pipeline, because the table may have changed since it was described. If it
// certainly has, or if records would be rejected that it may accept now, the chunk is processed again at once.
func (i *Ingest) Process(ctx context.Context, c job.Chunk, attempt store.Attempt) (store.Committed, error) {
	done, key, err := i.run(ctx, c, attempt, 0)
	if outdated, ok := errors.AsType[*outdatedError](err); ok {
		done, key, err = i.run(ctx, c, attempt, outdated.number)
	}
	if errors.Is(err, store.ErrLedgerFilled) {
		done, key, err = i.run(ctx, c, attempt, 0)
	}
	if errors.Is(err, load.ErrChanged) {
		i.pipelines.remove(key)
		done, key, err = i.run(ctx, c, attempt, 0)
	}
	switch {
	case err == nil:
		i.counted.Count(attempt.Collection.Name, done.Counts)
		i.counted.CountRejected(attempt.Collection.Name, done.Rejected)
	case !errors.Is(err, store.ErrNothingDue) && !worker.IsTransient(ctx, err):
		i.pipelines.remove(key)
	}
	return done, refused(err)
}

// run processes a chunk with the pipeline that get returns for the number: all its records, or those that await
// their parents.
func (i *Ingest) run(ctx context.Context, c job.Chunk, attempt store.Attempt, number int64) (store.Committed, pipelineKey, error) {
	pipeline, key, err := i.pipelines.get(ctx, attempt, number)
	if err != nil {
		return store.Committed{}, key, err
	}
	if !attempt.Awaiting {
		done, err := i.store.RunStep(ctx, c, pipeline.step)
		return done, key, err
	}
	parents, err := i.parents(ctx, attempt.Collection.Tenant, pipeline.table, key.writing.Mode)
	if err != nil {
		return store.Committed{}, key, err
	}
	done, err := i.store.RunAwaiting(ctx, c, parents, pipeline.stepAgain)
	return done, key, err
}

// refused converts an error about rows of another installation into the failure of the operation.
func refused(err error) error {
	foreign, ok := errors.AsType[*store.ForeignNumbersError](err)
	if !ok {
		return err
	}
	return &worker.ClientError{Failure: operation.Failure{Code: "ForeignImportNumbers", Message: foreign.Error() + ". Then send the import again."}, Cause: err}
}
