package monitor

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// lookInterval is how often who waits looks by himself, should the bell be mute.
const lookInterval = time.Second

// Await reads the operation again and again until enough says so, the limit is over or the context ends, and returns what it read last.
// Waiting counts as polling. It holds no connection while it waits. When the service stops (see Listen), it returns at once.
func (m *Monitor) Await(ctx context.Context, op *operation.Operation, limit time.Duration, enough func(*operation.Operation) bool) (*operation.Operation, error) {
	rung, stop := m.waiting.watch(op.ID)
	defer stop()
	over := time.NewTimer(limit)
	defer over.Stop()
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for {
		now, err := m.Find(ctx, op.ID)
		if err != nil || enough(now) {
			return now, err
		}
		select {
		case <-rung:
		case <-look.C:
		case <-over.C:
			return now, nil
		case <-m.waiting.closed:
			return now, nil
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// Finished is enough for who waits for the end.
func Finished(op *operation.Operation) bool { return op.State.Terminal() }

// ChangedSince is enough for who knows a revision.
func ChangedSince(revision int) func(*operation.Operation) bool {
	return func(op *operation.Operation) bool { return op.Revision != revision }
}

// Listen hears the bell for all who wait, until ctx ends; then it lets go of them, so that a stopping service does not wait for them.
func (m *Monitor) Listen(ctx context.Context) {
	defer close(m.waiting.closed)
	m.bell.Listen(ctx, m.waiting.wake)
	<-ctx.Done()
}

// waiting knows who waits for which operation.
type waiting struct {
	closed chan struct{}
	mu     *sync.Mutex
	by     map[uuid.UUID]map[chan struct{}]bool
}

func newWaiting() waiting {
	return waiting{closed: make(chan struct{}), mu: new(sync.Mutex), by: make(map[uuid.UUID]map[chan struct{}]bool)}
}

// watch returns a channel that is rung after each change; stop must be called.
func (w waiting) watch(id uuid.UUID) (rung <-chan struct{}, stop func()) {
	bell := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by[id] == nil {
		w.by[id] = make(map[chan struct{}]bool)
	}
	w.by[id][bell] = true
	return bell, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.by[id], bell)
		if len(w.by[id]) == 0 {
			delete(w.by, id)
		}
	}
}

// wake rings for those who wait for the operation; one who has not yet heard the last ring needs no other.
func (w waiting) wake(id uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for bell := range w.by[id] {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
}
