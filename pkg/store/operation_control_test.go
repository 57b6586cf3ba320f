package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestOnlyTheFirstCancelDoesIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 2, 30, 10)
	f.mustStep(t, of(op, 0), operation.Created)
	for n, want := range []bool{true, false} {
		if did, err := f.store.Cancel(t.Context(), op.ID); did != want || err != nil {
			t.Errorf("cancel %d: %v, %v", n, did, err)
		}
	}
	left := f.mustRead(t, op.ID)
	if left.State != operation.Cancelled || left.FinishedAt.IsZero() || left.Counts.Created != 10 {
		t.Errorf("it is left %+v", left)
	}
	if _, err := f.store.RunStep(t.Context(), of(op, 1), all(operation.Created)); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("a step after the cancel: %v", err)
	}
}

func TestAnEndIsNotCancelled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 5, 10)
	f.mustStep(t, of(op, 0), operation.Created)
	if did, err := f.store.Cancel(t.Context(), op.ID); did || err != nil {
		t.Errorf("%v, %v", did, err)
	}
	if did, err := f.store.Cancel(t.Context(), uuid.New()); did || err != nil {
		t.Errorf("one that is not there: %v, %v", did, err)
	}
	if left := f.mustRead(t, op.ID); left.State != operation.Succeeded {
		t.Errorf("it is %s", left.State)
	}
}

func TestPruneTakesOnlyWhatIsFinished(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 5, 10)
	if did, err := f.store.Prune(t.Context(), op.ID); did || err != nil || f.mustRead(t, op.ID).Expired {
		t.Errorf("unfinished: %v, %v", did, err)
	}
	f.mustStep(t, of(op, 0), operation.Created)
	for n, want := range []bool{true, false} {
		if did, err := f.store.Prune(t.Context(), op.ID); did != want || err != nil {
			t.Errorf("prune %d: %v, %v", n, did, err)
		}
	}
	left := f.mustRead(t, op.ID)
	if !left.Expired || time.Since(left.ExpiresAt).Abs() > time.Minute || left.State != operation.Succeeded || left.Counts.Created != 5 {
		t.Errorf("the tombstone is %+v", left)
	}
}

// Asking puts the deadline off by at least what the client was promised, and asking again at once writes nothing.
func TestPolledPutsTheDeadlineOff(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const within = time.Minute
	op := f.search(t, within)
	poll := func() time.Time {
		t.Helper()
		if err := f.store.Polled(t.Context(), op.ID, within); err != nil {
			t.Fatal(err)
		}
		return f.mustRead(t, op.ID).PollDeadline
	}
	f.exec(t, `UPDATE xforce.tasks SET poll_deadline = clock_timestamp() + interval '1 second' WHERE task_id = $1`, op.ID)
	asked := time.Now()
	first := poll()
	if ahead := first.Sub(asked); ahead < within || ahead > within+within/10+5*time.Second {
		t.Errorf("the deadline is in %s", ahead)
	}
	if second := poll(); !second.Equal(first) {
		t.Errorf("asking at once moved the deadline by %s", second.Sub(first))
	}
}

func TestPolledLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	imported := f.seal(t, 1, 1, 1)
	finished := f.search(t, time.Minute)
	if _, err := f.store.Cancel(t.Context(), finished.ID); err != nil {
		t.Fatal(err)
	}
	for _, op := range []*operation.Operation{imported, finished} {
		before := f.mustRead(t, op.ID)
		if err := f.store.Polled(t.Context(), op.ID, time.Hour); err != nil {
			t.Error(err)
		}
		if after := f.mustRead(t, op.ID); !after.PollDeadline.Equal(before.PollDeadline) || after.Revision != before.Revision {
			t.Errorf("%s: %+v became %+v", op.Kind, before, after)
		}
	}
}
