package monitor

import (
	"context"
	"sync"

	"github.com/google/uuid"
)

// Subscribe hears the bell for all who wait, until ctx ends; then it lets go of them, so that a stopping service does not wait for them.
func (m *Monitor) Subscribe(ctx context.Context) {
	defer close(m.waiting.closed)
	m.bell.Subscribe(ctx, m.waiting.wake)
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
