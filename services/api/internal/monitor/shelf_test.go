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

func (b *bell) Publish(_ context.Context, id uuid.UUID) error {
	if b.mute {
		return errors.New("nobody hears it")
	}
	b.rings <- id
	return nil
}

func (b *bell) Subscribe(ctx context.Context, changed func(uuid.UUID)) {
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
	go m.Subscribe(ctx)
	return m, cancel
}
