// Package ingest is the work of the importer: it takes a chunk, checks its records, loads them into the collection's table and
// accounts for every one of them, in one transaction that only one worker can win.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/task"
	"github.com/longshore-io/longshore/services/importer/internal/record"
)

// failTimeout bounds the end of an import that is given up.
const failTimeout = 5 * time.Second

// dispatchBudget bounds ringing the bell for the next chunk; the janitor does it if Redis is away.
const dispatchBudget = time.Second

// Ingest processes chunks of imports. It is safe for concurrent use.
type Ingest struct {
	store       *store.Store
	dispatcher  *queue.Dispatcher
	plans       *plans
	maxAttempts int
	log         *slog.Logger
}

// Options bounds the work.
type Options struct {
	// MaxAttempts is how often a chunk is tried before its operation fails.
	MaxAttempts int
	Records     record.Limits
}

// New prepares every collection at once, so that one which does not fit its table is told at the start and not at the
// first import.
func New(ctx context.Context, db *store.Store, dispatcher *queue.Dispatcher, collections *collection.Catalog, log *slog.Logger, opts Options) (*Ingest, error) {
	i := &Ingest{
		store: db, dispatcher: dispatcher, maxAttempts: opts.MaxAttempts, log: log,
		plans: &plans{tables: db, collections: collections, limits: opts.Records, byName: make(map[string]*plan)},
	}
	var errs []error
	for _, name := range collections.Names() {
		_, err := i.plans.get(ctx, name)
		errs = append(errs, err)
	}
	return i, errors.Join(errs...)
}

// Chunk processes one chunk and dispatches the next of its lane. nil means that there is nothing more to do for this queue entry; an
// error asks to bring it back, most of them as a queue.LaterError that says when.
func (i *Ingest) Chunk(ctx context.Context, c task.Chunk) error {
	attempt, err := i.store.BeginAttempt(ctx, c)
	switch {
	case errors.Is(err, store.ErrNothingDue):
		return nil
	case errors.Is(err, store.ErrHeld):
		return later(err, heldDelay)
	case err != nil:
		return later(err, troubleDelay)
	case attempt.Count > i.maxAttempts:
		return i.giveUp(ctx, c) // the last attempt did not live to tell
	}
	done, err := i.try(ctx, c, attempt.Collection)
	switch {
	case err == nil:
		i.goOn(ctx, c, done)
		return nil
	case errors.Is(err, store.ErrNothingDue):
		return nil
	case isForgiven(ctx, err):
		return forgiven(err, i.store.ForgiveAttempt(ctx, c))
	}
	i.plans.forget(attempt.Collection)
	if attempt.Count >= i.maxAttempts {
		i.log.Error("a chunk failed", slog.String("operation", c.TaskID.String()), slog.Int("chunk", c.Seq), slog.Any("error", err))
		return i.giveUp(ctx, c)
	}
	return later(fmt.Errorf("attempt %d of %d: %w", attempt.Count, i.maxAttempts, err), attemptDelay(attempt.Count))
}

// try makes the plan before the step, because a step must not wait for a second connection while it holds its own.
func (i *Ingest) try(ctx context.Context, c task.Chunk, collectionName string) (store.Committed, error) {
	plan, err := i.plans.get(ctx, collectionName)
	if err != nil {
		return store.Committed{}, err
	}
	return i.store.RunStep(ctx, c, plan.step)
}

// goOn tells what the step left behind and rings for the next chunk of the lane.
func (i *Ingest) goOn(ctx context.Context, c task.Chunk, done store.Committed) {
	log := i.log.With(slog.String("operation", c.TaskID.String()))
	log.Debug("chunk committed", slog.Int("chunk", c.Seq), slog.Any("counts", done.Counts))
	if done.State.Terminal() {
		log.Info("import finished", slog.String("state", string(done.State)))
	}
	next := task.Chunk{TaskID: c.TaskID, Seq: c.Seq + done.Lanes}
	if next.Seq >= done.Chunks {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dispatchBudget)
	defer cancel()
	if err := i.dispatcher.Dispatch(ctx, task.Import, next, queue.FirstDispatch); err != nil {
		log.Warn("the queue does not answer; the janitor will dispatch", slog.Any("error", err))
	}
}

// giveUp fails the operation of a chunk that can't be processed.
func (i *Ingest) giveUp(ctx context.Context, c task.Chunk) error {
	i.log.Error("giving up an import", slog.String("operation", c.TaskID.String()), slog.Int("chunk", c.Seq))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failTimeout) // the step may have used up its time
	defer cancel()
	return i.store.Fail(ctx, c, operation.Failure{
		Code: "ChunkAbandoned",
		Message: fmt.Sprintf("Chunk %d of the import could not be processed in %d attempts, so the import was given up. "+
			"What was imported before stays; the unprocessed records can be downloaded and sent again.", c.Seq, i.maxAttempts),
	})
}
