package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestRunStepCountsToTheEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 2, 25, 10)

	f.step(t, of(op, 1), operation.Created)
	half := f.read(t, op.ID)
	if half.State != operation.Running || half.StartedAt.IsZero() || half.Counts.Percent() != 40 {
		t.Errorf("after one step: %s since %s at %d %%, want running at 40 %%", half.State, half.StartedAt, half.Counts.Percent())
	}
	f.step(t, of(op, 0), operation.Rejected)
	committed := f.step(t, of(op, 2), operation.Updated)
	if committed.State != operation.Succeeded || len(committed.Next) != 0 {
		t.Errorf("last RunStep() = %+v, want succeeded and no next chunk", committed)
	}
	end := f.read(t, op.ID)
	want := operation.Counts{Total: 25, Created: 10, Updated: 5, Failed: 10}
	if end.State != operation.Succeeded || end.FinishedAt.IsZero() {
		t.Errorf("at the end: %s at %s, want succeeded", end.State, end.FinishedAt)
	}
	if diff := cmp.Diff(want, end.Counts); diff != "" {
		t.Errorf("counts at the end (-want +got):\n%s", diff)
	}
	if got := f.count(t, `SELECT progress FROM xforce.tasks`); got != 100 {
		t.Errorf("tasks.progress = %d, want 100", got)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_progress WHERE status = 'COMPLETED'`); got != 3 {
		t.Errorf("%d COMPLETED rows, want 3", got)
	}
}

func TestRunStepOnDoneChunk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 10, 10)
	f.step(t, of(op, 0), operation.Created)
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("BeginAttempt() of a done chunk = %v, want ErrNothingDue", err)
	}
	if _, err := f.store.RunStep(t.Context(), of(op, 0), all(operation.Created)); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("RunStep() on a done chunk = %v, want ErrNothingDue", err)
	}
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 7), op.Kind); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("BeginAttempt() of a missing chunk = %v, want ErrNothingDue", err)
	}
}

func TestRunStepLocksChunk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 20, 10)
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
		if _, err := f.store.BeginAttempt(ctx, of(op, 0), op.Kind); !errors.Is(err, store.ErrLocked) {
			t.Errorf("BeginAttempt() of a locked chunk = %v, want ErrLocked", err)
		}
		if _, err := f.store.RunStep(ctx, of(op, 0), all(operation.Created)); !errors.Is(err, store.ErrLocked) {
			t.Errorf("RunStep() on a locked chunk = %v, want ErrLocked", err)
		}
		unlocked, err := f.store.Unlocked(ctx, []job.Chunk{of(op, 0), of(op, 1), of(op, 9)})
		if diff := cmp.Diff([]job.Chunk{of(op, 1)}, unlocked); err != nil || diff != "" {
			t.Errorf("Unlocked() = %v (-want +got):\n%s", err, diff)
		}
		return all(operation.Created)(ctx, s)
	})
	if err != nil {
		t.Errorf("RunStep() = %v, want nil", err)
	}
}

func TestRunStepRollsBackAfterError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 10, 10)
	broken := errors.New("broken")
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
		effect, _ := all(operation.Rejected)(ctx, s)
		return effect, broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("RunStep() = %v, want the error of its work", err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_progress`); got != 0 {
		t.Errorf("%d rows of progress, want 0", got)
	}
	if got := f.read(t, op.ID).Counts.Processed(); got != 0 {
		t.Errorf("%d records are counted, want 0", got)
	}
}

func TestRunStepRollsBackAfterFail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 20, 10)
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
		failure := operation.Failure{Code: "ChunkAbandoned", Message: "gave up"}
		if failed, err := f.store.Fail(ctx, of(op, 1), failure); err != nil || !failed {
			t.Errorf("Fail() = %v, %v, want true", failed, err)
		}
		return all(operation.Created)(ctx, s)
	})
	if !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("RunStep() of a failed operation = %v, want ErrNothingDue", err)
	}
	if failed, err := f.store.Fail(t.Context(), of(op, 0), operation.Failure{Code: "Second", Message: "too late"}); err != nil || failed {
		t.Errorf("second Fail() = %v, %v, want false", failed, err)
	}
	end := f.read(t, op.ID)
	if end.State != operation.Failed || end.Failure == nil || end.Failure.Code != "ChunkAbandoned" || end.Counts.Processed() != 0 {
		t.Errorf("at the end: %s, %+v, %+v, want failed as ChunkAbandoned with nothing processed", end.State, end.Failure, end.Counts)
	}
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("BeginAttempt() after the end = %v, want ErrNothingDue", err)
	}
}

// TestManyDeliveriesOneEffect delivers every chunk four times to eight concurrent workers: each
// must be counted once.
func TestManyDeliveriesOneEffect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 8, 400, 10)
	deliveries := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for seq := range deliveries {
				_, err := f.store.RunStep(context.Background(), of(op, seq), all(operation.Created))
				if err != nil && !errors.Is(err, store.ErrNothingDue) && !errors.Is(err, store.ErrLocked) {
					t.Errorf("RunStep() = %v, want nil, ErrNothingDue or ErrLocked", err)
				}
			}
		})
	}
	for i := range 160 {
		deliveries <- i * 7 % 40
	}
	close(deliveries)
	workers.Wait()
	if end := f.read(t, op.ID); end.State != operation.Succeeded || end.Counts.Created != 400 {
		t.Errorf("at the end: %s with %d created, want succeeded with 400", end.State, end.Counts.Created)
	}
}
