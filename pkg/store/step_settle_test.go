package store_test

import (
	"context"
	"testing"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/pgproxy"
	"github.com/longshore-io/longshore/pkg/store"
)

// workerStep is a step of a worker with a fault at its COMMIT. begin prepares it without faults. The
// step calls inject at the end of its work, which may have commits of its own.
type workerStep struct {
	begin func(*testing.T, fixture) workerStepRun
	state operation.State
	next  int // number of chunks that are due afterwards
}

type workerStepRun func(ctx context.Context, inject func()) (store.Committed, error)

func workerSteps() map[string]workerStep {
	return map[string]workerStep{
		"chunk of an import":      {func(t *testing.T, f fixture) workerStepRun { t.Helper(); return importStep(t, f, 2) }, operation.Running, 1},
		"last chunk of an import": {func(t *testing.T, f fixture) workerStepRun { t.Helper(); return importStep(t, f, 1) }, operation.Succeeded, 0},
		"step of a search": {func(t *testing.T, f fixture) workerStepRun {
			t.Helper()
			op := f.startSearch(t)
			return func(ctx context.Context, inject func()) (store.Committed, error) {
				return f.store.RunResumable(ctx, of(op, 0), func(context.Context, *store.ResumableStep) (store.Progress, error) {
					inject()
					return store.Progress{Progress: 50}, nil
				})
			}
		}, operation.Running, 1},
		"file of a report": {func(t *testing.T, f fixture) workerStepRun {
			t.Helper()
			op := f.report(t)
			f.attempt(t, of(op, 0), op.Kind)
			return func(ctx context.Context, inject func()) (store.Committed, error) {
				return f.store.RunLong(ctx, of(op, 0), func(context.Context, store.Checkpoint) (store.Progress, error) {
					inject()
					return store.Progress{Done: true}, nil
				})
			}
		}, operation.Succeeded, 0},
		"split of an upload": {func(t *testing.T, f fixture) workerStepRun {
			t.Helper()
			op := f.finished(t)
			return func(ctx context.Context, inject func()) (store.Committed, error) {
				return f.store.RunSplit(ctx, job.SplitOf(op.ID), func(ctx context.Context, checkpoint store.Checkpoint) (store.Split, error) {
					split, err := f.splitInto(25, 10)(ctx, checkpoint)
					inject()
					return split, err
				})
			}
		}, operation.Running, 2},
	}
}

// importStep begins an import of some chunks and returns the step of the first one.
func importStep(t *testing.T, f fixture, chunks int) workerStepRun {
	t.Helper()
	op := f.start(t, 1, chunks, 1)
	return func(ctx context.Context, inject func()) (store.Committed, error) {
		return f.store.RunStep(ctx, of(op, 0), func(ctx context.Context, step *store.Step) (store.Effect, error) {
			inject()
			return all(operation.Created)(ctx, step)
		})
	}
}

// want checks the result of a step that was committed.
func (w workerStep) want(t *testing.T, done store.Committed, err error) {
	t.Helper()
	if err != nil || done.State != w.state || len(done.Next) != w.next {
		t.Errorf("got %+v, the error %v, want %s, %d chunks due, no error", done, err, w.state, w.next)
	}
}

// TestStepWhoseAnswerIsLost: it was committed, so the worker goes on with what follows.
func TestStepWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	for name, step := range workerSteps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, proxy := newProxiedFixture(t)
			done, err := step.begin(t, f)(t.Context(), func() {
				proxy.Inject(pgproxy.Fault{Statement: pgproxy.Commit, Moment: pgproxy.BeforeAnswer, Action: pgproxy.Reset, Times: 1})
			})
			step.want(t, done, err)
		})
	}
}

// TestStepRolledBack: its COMMIT had no effect, so it fails and can be repeated.
func TestStepRolledBack(t *testing.T) {
	t.Parallel()
	for name, step := range workerSteps() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, proxy := newProxiedFixture(t)
			run := step.begin(t, f)
			_, err := run(t.Context(), func() {
				proxy.Inject(pgproxy.Fault{Statement: pgproxy.Commit, Action: pgproxy.Reset, Times: 1})
			})
			if !store.IsTransient(err) {
				t.Fatalf("got the error %v, want a transient one", err)
			}
			done, err := run(t.Context(), func() {})
			step.want(t, done, err)
		})
	}
}
