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

// mustTurn takes a turn that only leaves its place.
func (f fixture) mustTurn(t *testing.T, op *operation.Operation, a store.Progress) store.Committed {
	t.Helper()
	done, err := f.store.RunResumable(t.Context(), of(op, 0), func(context.Context, *store.ResumableStep) (store.Progress, error) { return a, nil })
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// begin lets a worker begin a search.
func (f fixture) begin(t *testing.T) *operation.Operation {
	t.Helper()
	op := f.search(t, 0)
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); err != nil {
		t.Fatal(err)
	}
	return op
}

func TestTurnsHandTheirPlaceOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	done := f.mustTurn(t, op, store.Progress{Cursor: json.RawMessage(`{"at": 1}`), Progress: 40, Phase: "looking", Result: json.RawMessage(`{"n": 1}`)})
	want := []store.Next{{Due: job.Due{Kind: job.Search, Chunk: of(op, 0)}, Steps: 1}}
	if diff := cmp.Diff(want, done.Next); diff != "" || done.State != operation.Running {
		t.Errorf("left %s, next (-want +got):\n%s", done.State, diff)
	}
	if now := f.mustRead(t, op.ID); now.Percent() != 40 || now.Phase != "looking" || string(now.Result) != `{"n": 1}` {
		t.Errorf("clients are told %d %%, %q, %s", now.Percent(), now.Phase, now.Result)
	}
	done, err := f.store.RunResumable(t.Context(), of(op, 0), func(_ context.Context, turn *store.ResumableStep) (store.Progress, error) {
		if string(turn.Cursor) != `{"at": 1}` || string(turn.Result) != `{"n": 1}` || string(turn.Request) != `{"q": "x"}` || turn.Steps != 1 {
			t.Errorf("the second turn found %+v", turn.Checkpoint)
		}
		return store.Progress{Progress: 30, Done: false}, nil // less than before
	})
	if err != nil || done.Next[0].Steps != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	if now := f.mustRead(t, op.ID); now.Percent() != 40 || now.Phase != "" || now.Result == nil {
		t.Errorf("clients are told %d %%, %q, %s", now.Percent(), now.Phase, now.Result)
	}
	if done := f.mustTurn(t, op, store.Progress{Done: true}); done.State != operation.Succeeded || len(done.Next) != 0 {
		t.Errorf("the last turn left %+v", done)
	}
	if now := f.mustRead(t, op.ID); now.State != operation.Succeeded || now.Percent() != 100 || now.FinishedAt.IsZero() {
		t.Errorf("it ended as %+v", now)
	}
}

// TestOnlyTheEndIsAHundredPercent: a turn that has nothing left to do but its end may not say so.
func TestOnlyTheEndIsAHundredPercent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	f.mustTurn(t, op, store.Progress{Progress: 100})
	if now := f.mustRead(t, op.ID); now.Percent() != 99 {
		t.Errorf("%d %% while %s", now.Percent(), now.State)
	}
}

// TestATurnTakesItsAttemptsBack: attempts bound one turn, not the operation.
func TestATurnTakesItsAttemptsBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	f.mustTurn(t, op, store.Progress{})
	attempt, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind)
	if err != nil || attempt.Count != 1 {
		t.Errorf("attempt %d, %v", attempt.Count, err)
	}
}

func TestATurnCommitsItsOutputWithItsPlace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	broken := errors.New("broken")
	for _, fail := range []error{broken, nil} {
		_, err := f.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, turn *store.ResumableStep) (store.Progress, error) {
			if err := turn.Append(ctx, store.RowsStage, store.OutputBlock{Seq: turn.Steps, Rows: 1, Bytes: []byte("{}\n")}); err != nil {
				return store.Progress{}, err
			}
			own, err := turn.Outputs(ctx, store.RowsStage, 0, plenty)
			if err != nil || len(own) != 1 {
				t.Errorf("in its middle: %v, %v", own, err)
			}
			return store.Progress{}, fail
		})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
		found, err := f.store.Outputs(t.Context(), op.ID, store.RowsStage, 0, plenty)
		if want := map[bool]int{true: 1, false: 0}[fail == nil]; err != nil || len(found) != want {
			t.Errorf("after a turn that ended with %v: %v, %v", fail, found, err)
		}
	}
}

// TestNoTurnAfterTheEnd: a turn in whose middle the operation is cancelled leaves nothing, and none begins afterwards.
func TestNoTurnAfterTheEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	_, err := f.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, turn *store.ResumableStep) (store.Progress, error) {
		if err := turn.Append(ctx, store.RowsStage, store.OutputBlock{Bytes: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		if done, err := f.store.Cancel(ctx, op.ID); err != nil || !done {
			t.Errorf("cancelling in the middle of a turn: %v, %v", done, err)
		}
		return store.Progress{Progress: 50}, nil
	})
	if !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("the turn ended with %v", err)
	}
	if _, err := f.store.RunResumable(t.Context(), of(op, 0), func(context.Context, *store.ResumableStep) (store.Progress, error) {
		t.Error("a turn began after the end")
		return store.Progress{}, nil
	}); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("another turn ended with %v", err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_outputs`); n != 0 {
		t.Errorf("%d pieces of output", n)
	}
	if now := f.mustRead(t, op.ID); now.State != operation.Cancelled || now.Percent() != 0 {
		t.Errorf("it is %s at %d %%", now.State, now.Percent())
	}
}

func TestATurnIsHeldByOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	_, err := f.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, _ *store.ResumableStep) (store.Progress, error) {
		if _, err := f.store.RunResumable(ctx, of(op, 0), nil); !errors.Is(err, store.ErrLocked) {
			t.Errorf("a second turn: %v", err)
		}
		if _, err := f.store.BeginAttempt(ctx, of(op, 0), op.Kind); !errors.Is(err, store.ErrLocked) {
			t.Errorf("a second attempt: %v", err)
		}
		if unheld, err := f.store.Unlocked(ctx, []job.Chunk{of(op, 0)}); err != nil || len(unheld) != 0 {
			t.Errorf("unheld: %v, %v", unheld, err)
		}
		return store.Progress{}, nil
	})
	if err != nil {
		t.Error(err)
	}
}
