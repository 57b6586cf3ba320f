// Package ingest processes the chunks of imports: it checks the records of a chunk, loads them into
// the collection's table and reports the outcome of each one, in a single transaction.
package ingest

import (
	"context"
	"errors"
	"log/slog"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/record"
)

// Ingest processes chunks of imports. It is safe for concurrent use.
type Ingest struct {
	store     *store.Store
	pipelines *pipelines
	counted   *metrics.Records
}

// New prepares every collection, so that one that does not fit its table is reported at the start
// and not at its first import. It counts the outcomes of the records in counted. It logs what may
// surprise about a table, and tables with rows of another installation: only their imports fail.
func New(
	ctx context.Context, db *store.Store, collections *collection.Catalog, limits record.Limits, counted *metrics.Records, log *slog.Logger,
) (*Ingest, error) {
	i := &Ingest{
		store:     db,
		pipelines: &pipelines{store: db, collections: collections, limits: limits, cached: make(map[pipelineKey]*pipeline)},
		counted:   counted,
	}
	prepared, foreign, err := i.prepare(ctx, collections)
	if err != nil {
		return nil, err
	}
	for name, err := range foreign {
		log.ErrorContext(ctx, "imports are refused", slog.String("collection", name), slog.Any("error", err))
	}
	for name, pipeline := range prepared {
		for _, warning := range pipeline.table.Warnings() {
			log.WarnContext(ctx, "the table has limitations", slog.String("collection", name), slog.String("warning", warning))
		}
	}
	return i, nil
}

// prepare prepares every collection whose caller is known. foreign are the collections with rows of
// another installation.
func (i *Ingest) prepare(ctx context.Context, collections *collection.Catalog) (
	prepared map[string]*pipeline, foreign map[string]error, err error,
) {
	prepared, foreign = make(map[string]*pipeline), make(map[string]error)
	var errs []error
	for _, name := range collections.Names() {
		caller, ok := callerAtStart(collections, name)
		if !ok {
			continue
		}
		p, err := i.pipelines.get(ctx, name, caller)
		if _, isForeign := errors.AsType[*store.ForeignNumbersError](err); isForeign {
			foreign[name] = err
			continue
		}
		errs = append(errs, err)
		if err == nil {
			prepared[name] = p
		}
	}
	return prepared, foreign, errors.Join(errs...)
}

// callerAtStart returns the caller for which a collection is prepared before its first import. ok is
// false if that depends on who sends the import.
func callerAtStart(collections *collection.Catalog, name string) (caller access.Caller, ok bool) {
	c, known := collections.Get(name)
	if !known || c.Role == access.RoleOfCaller {
		return access.Caller{}, false
	}
	caller, err := access.NewCaller(&access.Principal{ID: "longshore", Tenant: access.DefaultTenant}, c.Role)
	return caller, err == nil
}

// Process processes one chunk. It gets the pipeline before the step starts, because a step must not
// wait for a second connection while it uses its own. After a failure that is neither transient nor
// ErrNothingDue it removes the pipeline, because the table may have changed since it was described.
func (i *Ingest) Process(ctx context.Context, c job.Chunk, attempt store.Attempt) (store.Committed, error) {
	pipeline, err := i.pipelines.get(ctx, attempt.Collection, attempt.Caller)
	if err != nil {
		return store.Committed{}, refused(err)
	}
	done, err := i.store.RunStep(ctx, c, pipeline.step)
	switch {
	case err == nil:
		i.counted.Count(attempt.Collection, done.Counts)
	case !errors.Is(err, store.ErrNothingDue) && !worker.IsTransient(ctx, err):
		i.pipelines.remove(attempt.Collection, attempt.Caller.Role)
	}
	return done, refused(err)
}

// refused converts an error about rows of another installation into the failure of the operation.
func refused(err error) error {
	foreign, ok := errors.AsType[*store.ForeignNumbersError](err)
	if !ok {
		return err
	}
	return &worker.ClientError{Failure: operation.Failure{Code: "ForeignImportNumbers", Message: foreign.Error() + ". Then send the import again."}, Cause: err}
}
