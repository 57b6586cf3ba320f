package monitor_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

func TestFindCountsAsAPollOfWhatMustBePolled(t *testing.T) {
	t.Parallel()
	s := newShelf()
	m, _ := watch(t, s, newBell())
	find := func(wantPolls int) {
		t.Helper()
		op, err := m.Find(t.Context(), s.op.ID)
		if err != nil || s.polls != wantPolls {
			t.Errorf("%d polls, not %d, %v", s.polls, wantPolls, err)
		}
		if left := time.Until(op.PollDeadline); wantPolls > 0 && !op.State.Terminal() && left < pollWithin-time.Second {
			t.Errorf("after a poll there are %s left", left)
		}
	}
	find(0)
	s.op.PollDeadline = time.Now()
	find(1)
	s.become(operation.Succeeded)
	find(1)
}

func TestALookCountsAsNoPoll(t *testing.T) {
	t.Parallel()
	s := newShelf()
	deadline := time.Now()
	s.op.PollDeadline = deadline
	m, _ := watch(t, s, newBell())
	byID, err := m.Peek(t.Context(), s.op.ID)
	if err != nil || !byID.PollDeadline.Equal(deadline) {
		t.Errorf("by id: %+v, %v", byID, err)
	}
	byNumber, err := m.PeekByNumber(t.Context(), 7)
	if err != nil || !byNumber.PollDeadline.Equal(deadline) || s.polls != 0 {
		t.Errorf("by number: %+v, %v; %d polls", byNumber, err, s.polls)
	}
	s.op.Expired = true
	if _, err := m.Peek(t.Context(), s.op.ID); !fault.Is(err, fault.Gone) {
		t.Errorf("what is gone: %v", err)
	}
}

func TestWhatIsGoneIsGone(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.become(operation.Succeeded)
	s.op.Counts.Total = 7
	m, _ := watch(t, s, newBell())
	if _, cancelled, err := m.Delete(t.Context(), s.current()); cancelled || err != nil {
		t.Fatalf("%v, %v", cancelled, err)
	}
	_, err := m.Find(t.Context(), s.op.ID)
	if !fault.Is(err, fault.Gone) || fault.Of(err).Details["counts"] != (operation.Counts{Total: 7}) {
		t.Errorf("it is %v", err)
	}
}

func TestDeleteCancelsWhatIsUnfinished(t *testing.T) {
	t.Parallel()
	s, b := newShelf(), newBell()
	m := monitor.New(s, b, slog.New(slog.DiscardHandler), metrics.NewFinished(), pollWithin)
	left, cancelled, err := m.Delete(t.Context(), s.current())
	if err != nil || !cancelled || left.State != operation.Cancelled || left.Expired {
		t.Errorf("%+v, %v, %v", left, cancelled, err)
	}
	if len(b.rings) == 0 {
		t.Error("nobody was told")
	}
}

// finishing ends the operation in the moment before a cancel.
type finishing struct{ *shelf }

func (f finishing) Cancel(context.Context, uuid.UUID) (bool, error) {
	f.become(operation.Succeeded)
	return false, nil
}

func TestDeletePrunesWhatEndsJustThen(t *testing.T) {
	t.Parallel()
	s := newShelf()
	m := monitor.New(finishing{s}, newBell(), slog.New(slog.DiscardHandler), metrics.NewFinished(), pollWithin)
	left, cancelled, err := m.Delete(t.Context(), s.current())
	if err != nil || cancelled || left.State != operation.Succeeded || !s.current().Expired {
		t.Errorf("%+v, %v, %v", left, cancelled, err)
	}
}

// TestACancelledOperationIsCountedOnce: by who cancelled it, and by nobody who came later.
func TestACancelledOperationIsCountedOnce(t *testing.T) {
	t.Parallel()
	finished := metrics.NewFinished()
	s := newShelf()
	cancelled := finished.WithLabelValues(string(s.current().Kind), string(operation.Cancelled))
	for _, tt := range []struct {
		store monitor.Store
		want  float64
	}{{finishing{newShelf()}, 0}, {s, 1}, {s, 1}} {
		m := monitor.New(tt.store, newBell(), slog.New(slog.DiscardHandler), finished, pollWithin)
		_, _ = m.Cancel(t.Context(), s.current())
		if n := testutil.ToFloat64(cancelled); n != tt.want {
			t.Errorf("it was counted %v times, not %v", n, tt.want)
		}
	}
}

func TestCancelTwiceAndTooLate(t *testing.T) {
	t.Parallel()
	s := newShelf()
	m, _ := watch(t, s, newBell())
	for range 2 {
		if op, err := m.Cancel(t.Context(), s.current()); err != nil || op.State != operation.Cancelled {
			t.Errorf("%+v, %v", op, err)
		}
	}
	s.become(operation.Failed)
	if _, err := m.Cancel(t.Context(), s.current()); !fault.Is(err, fault.Conflict) {
		t.Errorf("cancelling what failed: %v", err)
	}
	s = newShelf()
	m, _ = watch(t, s, newBell())
	if err := m.Prune(t.Context(), s.current()); !fault.Is(err, fault.Conflict) {
		t.Errorf("pruning what waits: %v", err)
	}
}
