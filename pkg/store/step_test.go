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

func TestStepsCountToTheEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 2, 25, 10)

	f.mustStep(t, of(op, 1), operation.Created)
	half := f.mustRead(t, op.ID)
	if half.State != operation.Running || half.StartedAt.IsZero() || half.Counts.Percent() != 40 {
		t.Errorf("after one step: %+v", half)
	}
	f.mustStep(t, of(op, 0), operation.Rejected)
	done := f.mustStep(t, of(op, 2), operation.Updated)
	if done.State != operation.Succeeded || len(done.Next) != 0 {
		t.Errorf("the last step left %+v", done)
	}
	end := f.mustRead(t, op.ID)
	want := operation.Counts{Total: 25, Created: 10, Updated: 5, Failed: 10}
	if end.State != operation.Succeeded || end.FinishedAt.IsZero() || end.Counts != want {
		t.Errorf("at the end: %+v", end)
	}
	if n := f.count(t, `SELECT progress FROM xforce.tasks`); n != 100 {
		t.Errorf("the seed's progress column says %d", n)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_progress WHERE status = 'COMPLETED'`); n != 3 {
		t.Errorf("%d COMPLETED rows for 3 chunks", n)
	}
}

func TestStepRunsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 10, 10)
	f.mustStep(t, of(op, 0), operation.Created)
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("attempt at a done chunk: %v", err)
	}
	if _, err := f.store.RunStep(t.Context(), of(op, 0), all(operation.Created)); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("step on a done chunk: %v", err)
	}
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 7), op.Kind); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("attempt at a chunk that is not there: %v", err)
	}
}

func TestLockedChunkIsHeld(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 20, 10)
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
		if _, err := f.store.BeginAttempt(ctx, of(op, 0), op.Kind); !errors.Is(err, store.ErrLocked) {
			t.Errorf("attempt at a held chunk: %v", err)
		}
		if _, err := f.store.RunStep(ctx, of(op, 0), all(operation.Created)); !errors.Is(err, store.ErrLocked) {
			t.Errorf("step on a held chunk: %v", err)
		}
		free, err := f.store.Unlocked(ctx, []job.Chunk{of(op, 0), of(op, 1), of(op, 9)})
		if err != nil || len(free) != 1 || free[0] != of(op, 1) {
			t.Errorf("unheld: %v, %v", free, err)
		}
		return all(operation.Created)(ctx, s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDueChunksAreTheFirstOfEachLane(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 3, 70, 10)
	f.mustStep(t, of(op, 1), operation.Created)
	due, err := f.store.DueChunks(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	var seqs []int
	for _, c := range due {
		seqs = append(seqs, c.Seq)
	}
	if diff := cmp.Diff([]int{0, 2, 4}, seqs); diff != "" {
		t.Errorf("due chunks (-want +got):\n%s", diff)
	}
}

func TestFailedWorkLeavesNoTrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 10, 10)
	broken := errors.New("broken")
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
		effect, _ := all(operation.Rejected)(ctx, s)
		return effect, broken
	})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_progress`); n != 0 {
		t.Errorf("%d rows of a step that was rolled back", n)
	}
	if got := f.mustRead(t, op.ID).Counts.Processed(); got != 0 {
		t.Errorf("%d records counted", got)
	}
}

func TestFinishedOperationStopsSteps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 20, 10)
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
		why := operation.Failure{Code: "ChunkAbandoned", Message: "gave up"}
		if did, err := f.store.Fail(ctx, of(op, 1), why); err != nil || !did {
			return store.Effect{}, err
		}
		return all(operation.Created)(ctx, s)
	})
	if !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("a step committed into a failed operation: %v", err)
	}
	if did, err := f.store.Fail(t.Context(), of(op, 0), operation.Failure{Code: "Second", Message: "too late"}); err != nil || did {
		t.Errorf("it was failed again: %v, %v", did, err)
	}
	end := f.mustRead(t, op.ID)
	if end.State != operation.Failed || end.Failure == nil || end.Failure.Code != "ChunkAbandoned" || end.Counts.Processed() != 0 {
		t.Errorf("at the end: %+v", end)
	}
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("attempt after the end: %v", err)
	}
}

func TestAttemptsAreCountedAndForgiven(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 1, 1)
	for want := 1; want <= 3; want++ {
		got, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind)
		if err != nil || got.Count != want || got.Collection != "tools" {
			t.Fatalf("attempt %d counted as %+v, %v", want, got, err)
		}
	}
	if err := f.store.UncountAttempt(t.Context(), of(op, 0)); err != nil {
		t.Fatal(err)
	}
	if got, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); err != nil || got.Count != 3 {
		t.Errorf("after one was forgiven, the next is counted as %+v, %v", got, err)
	}
}

// Every chunk is delivered four times to eight workers at once: the effect must be there once.
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
					t.Error(err)
				}
			}
		})
	}
	for i := range 160 {
		deliveries <- i * 7 % 40
	}
	close(deliveries)
	workers.Wait()
	if end := f.mustRead(t, op.ID); end.State != operation.Succeeded || end.Counts.Created != 400 {
		t.Errorf("at the end: %+v", end)
	}
}

// TestAnEntryThatStrayedIsNobodysBusiness: a search in the queue of imports is neither counted as an attempt nor begun.
func TestAnEntryThatStrayedIsNobodysBusiness(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, 0)
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), operation.Import); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("an importer took a search: %v", err)
	}
	if now := f.mustRead(t, op.ID); now.State != operation.Waiting || f.count(t, `SELECT attempts FROM xforce.task_chunks`) != 0 {
		t.Errorf("it is %s", now.State)
	}
}
