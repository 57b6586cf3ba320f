package monitor

import (
	"context"
	"sync"

	"github.com/google/uuid"
)

// Subscribe forwards notifications to all waiting requests until ctx ends. Then it ends their waits,
// so that a stopping service does not wait for them.
func (m *Monitor) Subscribe(ctx context.Context) {
	defer close(m.watchers.closed)
	m.notifier.Subscribe(ctx, m.watchers.notify)
	<-ctx.Done()
}

// watchers contains the channels of the waiting requests, by operation.
type watchers struct {
	closed chan struct{}
	mu     *sync.Mutex
	byID   map[uuid.UUID]map[chan struct{}]bool
}

func newWatchers() watchers {
	return watchers{closed: make(chan struct{}), mu: new(sync.Mutex), byID: make(map[uuid.UUID]map[chan struct{}]bool)}
}

// add returns a channel that receives after each change of the operation; remove must be called.
func (w watchers) add(id uuid.UUID) (changed <-chan struct{}, remove func()) {
	channel := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byID[id] == nil {
		w.byID[id] = make(map[chan struct{}]bool)
	}
	w.byID[id][channel] = true
	return channel, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.byID[id], channel)
		if len(w.byID[id]) == 0 {
			delete(w.byID, id)
		}
	}
}

// notify wakes all watchers of the operation. A notification that is still pending is not repeated.
func (w watchers) notify(id uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for channel := range w.byID[id] {
		select {
		case channel <- struct{}{}:
		default:
		}
	}
}
