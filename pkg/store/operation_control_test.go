package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 2, 30, 10)
	f.step(t, of(op, 0), operation.Created)
	for n, want := range []bool{true, false} {
		if _, got, err := f.store.Cancel(t.Context(), op.ID); got != want || err != nil {
			t.Errorf("Cancel() %d = %v, %v, want %v", n+1, got, err, want)
		}
	}
	now := f.read(t, op.ID)
	if now.State != operation.Cancelled || now.FinishedAt.IsZero() || now.Counts.Created != 10 {
		t.Errorf("after Cancel(): %s at %s with %d created, want cancelled with 10", now.State, now.FinishedAt, now.Counts.Created)
	}
	if _, err := f.store.RunStep(t.Context(), of(op, 1), all(operation.Created)); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("RunStep() after Cancel() = %v, want ErrNothingDue", err)
	}
}

func TestCancelKeepsFinished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 5, 10)
	f.step(t, of(op, 0), operation.Created)
	if left, got, err := f.store.Cancel(t.Context(), op.ID); got || err != nil || left.State != operation.Succeeded {
		t.Errorf("Cancel() of a finished operation = %v, %v, %v, want it and false", left, got, err)
	}
	if _, _, err := f.store.Cancel(t.Context(), uuid.New()); !fault.Is(err, fault.NotFound) {
		t.Errorf("Cancel() of a missing operation = %v, want a fault of kind NotFound", err)
	}
	if got := f.read(t, op.ID).State; got != operation.Succeeded {
		t.Errorf("State = %s, want succeeded", got)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 5, 10)
	if got, err := f.store.Prune(t.Context(), op.ID); got || err != nil {
		t.Errorf("Prune() of a running operation = %v, %v, want false", got, err)
	}
	if f.read(t, op.ID).Expired {
		t.Error("Expired = true for a running operation, want false")
	}
	f.step(t, of(op, 0), operation.Created)
	for n, want := range []bool{true, false} {
		if got, err := f.store.Prune(t.Context(), op.ID); got != want || err != nil {
			t.Errorf("Prune() %d = %v, %v, want %v", n+1, got, err, want)
		}
	}
	now := f.read(t, op.ID)
	if !now.Expired || time.Since(now.ExpiresAt).Abs() > time.Minute {
		t.Errorf("Expired = %v at %s, want true now", now.Expired, now.ExpiresAt)
	}
	if now.State != operation.Succeeded || now.Counts.Created != 5 {
		t.Errorf("tombstone: %s with %d created, want succeeded with 5", now.State, now.Counts.Created)
	}
}

// TestPolled: polling extends the deadline by at least the promised time, and polling again
// immediately writes nothing.
func TestPolled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const within = time.Minute
	op := f.search(t, within)
	poll := func() time.Time {
		t.Helper()
		if err := f.store.Polled(t.Context(), []uuid.UUID{op.ID}, within); err != nil {
			t.Fatal(err)
		}
		return f.read(t, op.ID).PollDeadline
	}
	f.exec(t, `UPDATE xforce.tasks SET poll_deadline = clock_timestamp() + interval '1 second' WHERE task_id = $1`, op.ID)
	polledAt := time.Now()
	first := poll()
	if ahead := first.Sub(polledAt); ahead < within || ahead > within+within/10+5*time.Second {
		t.Errorf("the deadline is in %s, want %s and up to 10 %% more", ahead, within)
	}
	if second := poll(); !second.Equal(first) {
		t.Errorf("deadline after the second poll = %s, want %s", second, first)
	}
}

func TestPolledKeepsOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	imported := f.seal(t, 1, 1, 1)
	finished := f.search(t, time.Minute)
	f.cancel(t, finished)
	for _, op := range []*operation.Operation{imported, finished} {
		before := f.read(t, op.ID)
		if err := f.store.Polled(t.Context(), []uuid.UUID{op.ID}, time.Hour); err != nil {
			t.Error(err)
		}
		if after := f.read(t, op.ID); !after.PollDeadline.Equal(before.PollDeadline) || after.Revision != before.Revision {
			t.Errorf("%s after Polled(): deadline %s, revision %d, want %s, %d", op.Kind,
				after.PollDeadline, after.Revision, before.PollDeadline, before.Revision)
		}
	}
}
