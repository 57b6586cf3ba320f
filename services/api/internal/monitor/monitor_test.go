package monitor_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// pollWithin is what the tests' operations that must be polled have.
const pollWithin = time.Minute

// shelf is a store of one operation, whose changes a test makes itself.
type shelf struct {
	monitor.Store

	mu     sync.Mutex
	op     operation.Operation
	events []operation.Event
	polls  int
	err    error
}

func newShelf() *shelf {
	s := &shelf{op: operation.Operation{ID: uuid.New(), Kind: operation.Import, State: operation.Waiting}}
	s.become(operation.Waiting)
	return s
}

// become is a change of state, or of something else if the state is the same.
func (s *shelf) become(state operation.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.op.State = state
	s.op.Revision++
	s.events = append(s.events, operation.Event{Revision: s.op.Revision, State: state})
}

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *shelf) Operation(context.Context, uuid.UUID) (*operation.Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	op := s.op
	return &op, s.err
}

func (s *shelf) OperationByNumber(ctx context.Context, _ int64) (*operation.Operation, error) {
	return s.Operation(ctx, s.op.ID)
}

func (s *shelf) Events(_ context.Context, _ uuid.UUID, after, limit int) ([]operation.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := slices.Clone(s.events[min(after, len(s.events)):])
	return found[:min(limit, len(found))], nil
}

func (s *shelf) Polled(context.Context, uuid.UUID, time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls++
	return nil
}

func (s *shelf) Cancel(context.Context, uuid.UUID) (bool, error) {
	if s.current().State.Terminal() {
		return false, nil
	}
	s.become(operation.Cancelled)
	return true, nil
}

func (s *shelf) Prune(context.Context, uuid.UUID) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.op.Expired = true
	return true, nil
}

func (s *shelf) current() *operation.Operation {
	op, _ := s.Operation(context.Background(), uuid.Nil)
	return op
}

// bell is a bell of one service; mute, it is as if Redis were away.
type bell struct {
	mute  bool
	rings chan uuid.UUID
}

func newBell() *bell { return &bell{rings: make(chan uuid.UUID, 100)} }

func (b *bell) Ring(_ context.Context, id uuid.UUID) error {
	if b.mute {
		return errors.New("nobody hears it")
	}
	b.rings <- id
	return nil
}

func (b *bell) Listen(ctx context.Context, changed func(uuid.UUID)) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-b.rings:
			changed(id)
		}
	}
}

// watch makes a monitor that listens until the test, or the bubble that it stands in, calls stop.
func watch(t *testing.T, s *shelf, b *bell) (m *monitor.Monitor, stop func()) {
	t.Helper()
	m = monitor.New(s, b, slog.New(slog.DiscardHandler), metrics.NewFinished(), pollWithin)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	go m.Listen(ctx)
	return m, cancel
}

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
	byID, err := m.Look(t.Context(), s.op.ID)
	if err != nil || !byID.PollDeadline.Equal(deadline) {
		t.Errorf("by id: %+v, %v", byID, err)
	}
	byNumber, err := m.LookByNumber(t.Context(), 7)
	if err != nil || !byNumber.PollDeadline.Equal(deadline) || s.polls != 0 {
		t.Errorf("by number: %+v, %v; %d polls", byNumber, err, s.polls)
	}
	s.op.Expired = true
	if _, err := m.Look(t.Context(), s.op.ID); !fault.Is(err, fault.Gone) {
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
