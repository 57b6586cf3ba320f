package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestRunResumablePassesCheckpoint(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	committed := f.resume(t, op, store.Progress{
		Cursor: json.RawMessage(`{"at": 1}`), Progress: 40, Phase: "looking",
		Result: json.RawMessage(`{"n": 1}`),
	})
	want := store.Committed{State: operation.Running, Next: []store.Next{{Due: job.Due{Kind: job.Search, Chunk: of(op, 0)}, Steps: 1}}}
	if diff := cmp.Diff(want, committed); diff != "" {
		t.Errorf("first RunResumable() (-want +got):\n%s", diff)
	}
	if now := f.read(t, op.ID); now.Percent() != 40 || now.Phase != "looking" || string(now.Result) != `{"n": 1}` {
		t.Errorf("after the first step: %d %%, phase %q, result %s, want 40 %%, looking and its result", now.Percent(), now.Phase, now.Result)
	}
	committed, err := f.store.RunResumable(t.Context(), of(op, 0), func(_ context.Context, step *store.ResumableStep) (store.Progress, error) {
		if string(step.Cursor) != `{"at": 1}` || string(step.Result) != `{"n": 1}` || string(step.Request) != `{"q": "x"}` || step.Steps != 1 {
			t.Errorf("checkpoint of the second step = %+v, want what the first one left", step.Checkpoint)
		}
		return store.Progress{Progress: 30, Done: false}, nil // less than before
	})
	if err != nil || committed.Next[0].Steps != 2 {
		t.Errorf("second RunResumable() = %+v, %v, want the third step next", committed, err)
	}
	if now := f.read(t, op.ID); now.Percent() != 40 || now.Phase != "" || now.Result == nil {
		t.Errorf("after the second step: %d %%, phase %q, result %s, want 40 %%, no phase and the result", now.Percent(), now.Phase, now.Result)
	}
	if committed := f.resume(t, op, store.Progress{Done: true}); committed.State != operation.Succeeded || len(committed.Next) != 0 {
		t.Errorf("last RunResumable() = %+v, want succeeded and no next step", committed)
	}
	if now := f.read(t, op.ID); now.State != operation.Succeeded || now.Percent() != 100 || now.FinishedAt.IsZero() {
		t.Errorf("at the end: %s at %d %%, finished at %s, want succeeded at 100 %%", now.State, now.Percent(), now.FinishedAt)
	}
}

func TestRunResumableLimitsProgress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	f.resume(t, op, store.Progress{Progress: 100})
	if got := f.read(t, op.ID).Percent(); got != 99 {
		t.Errorf("Percent() before the end = %d, want 99", got)
	}
}

// TestRunResumableResetsAttempts: attempts limit one step, not the operation.
func TestRunResumableResetsAttempts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	f.resume(t, op, store.Progress{})
	if got := f.attempt(t, of(op, 0), op.Kind); got.Count != 1 {
		t.Errorf("BeginAttempt() after a step = %d, want 1", got.Count)
	}
}

func TestRunResumableCommitsOutputWithCheckpoint(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	for _, tt := range []struct {
		err  error
		want int
	}{{errors.New("broken"), 0}, {nil, 1}} {
		_, err := f.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, step *store.ResumableStep) (store.Progress, error) {
			if err := step.Append(ctx, store.RowsStage, store.OutputBlock{Seq: step.Steps, Rows: 1, Bytes: []byte("{}\n")}); err != nil {
				return store.Progress{}, err
			}
			own, err := step.Outputs(ctx, store.RowsStage, 0, maxRows)
			if err != nil || len(own) != 1 {
				t.Errorf("Outputs() of the running step = %v, %v, want its own block", own, err)
			}
			return store.Progress{}, tt.err
		})
		if !errors.Is(err, tt.err) {
			t.Fatalf("RunResumable() = %v, want %v", err, tt.err)
		}
		blocks, err := f.store.Outputs(t.Context(), op.ID, store.RowsStage, 0, maxRows)
		if err != nil || len(blocks) != tt.want {
			t.Errorf("Outputs() after a step that returned %v = %v, %v, want %d blocks", tt.err, blocks, err, tt.want)
		}
	}
}

func TestRunResumableRollsBackAfterCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	_, err := f.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, step *store.ResumableStep) (store.Progress, error) {
		if err := step.Append(ctx, store.RowsStage, store.OutputBlock{Bytes: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		f.cancel(t, op)
		return store.Progress{Progress: 50}, nil
	})
	if !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("RunResumable() = %v, want ErrNothingDue", err)
	}
	if _, err := f.store.RunResumable(t.Context(), of(op, 0), func(context.Context, *store.ResumableStep) (store.Progress, error) {
		t.Error("RunResumable() ran the work of a cancelled operation")
		return store.Progress{}, nil
	}); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("second RunResumable() = %v, want ErrNothingDue", err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_outputs`); got != 0 {
		t.Errorf("%d blocks of output, want 0", got)
	}
	if now := f.read(t, op.ID); now.State != operation.Cancelled || now.Percent() != 0 {
		t.Errorf("at the end: %s at %d %%, want cancelled at 0 %%", now.State, now.Percent())
	}
}

func TestRunResumableLocksChunk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	_, err := f.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, _ *store.ResumableStep) (store.Progress, error) {
		if _, err := f.store.RunResumable(ctx, of(op, 0), nil); !errors.Is(err, store.ErrLocked) {
			t.Errorf("second RunResumable() = %v, want ErrLocked", err)
		}
		if _, err := f.store.BeginAttempt(ctx, of(op, 0), op.Kind); !errors.Is(err, store.ErrLocked) {
			t.Errorf("second BeginAttempt() = %v, want ErrLocked", err)
		}
		if unlocked, err := f.store.Unlocked(ctx, []job.Chunk{of(op, 0)}); err != nil || len(unlocked) != 0 {
			t.Errorf("Unlocked() = %v, %v, want none", unlocked, err)
		}
		return store.Progress{}, nil
	})
	if err != nil {
		t.Errorf("RunResumable() = %v, want nil", err)
	}
}

func TestCheckpointOf(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.report(t)
	got, err := f.store.CheckpointOf(t.Context(), of(op, 0))
	want := store.Checkpoint{
		ID: op.ID, Number: op.Number, Tenant: op.Tenant, ShownNumber: op.Number, Kind: operation.Report, Request: json.RawMessage(`{"report": "imports"}`),
		Collection: store.CollectionRef{Tenant: op.Tenant},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("CheckpointOf() = %v (-want +got):\n%s", err, diff)
	}
	f.cancel(t, op)
	if _, err := f.store.CheckpointOf(t.Context(), of(op, 0)); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("CheckpointOf() of a cancelled operation = %v, want ErrNothingDue", err)
	}
}
