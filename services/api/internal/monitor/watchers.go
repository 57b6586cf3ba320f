package monitor

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Subscribe forwards notifications to all waiting requests until ctx ends. Then it ends their waits,
// so that a stopping service does not wait for them.
func (m *Monitor) Subscribe(ctx context.Context) {
	defer close(m.watchers.closed)
	m.notifier.Subscribe(ctx, m.watchers.notify)
	<-ctx.Done()
}

// look is what one reading of the store found out about a watched operation.
type look struct {
	op  *operation.Operation
	err error
	// events are those after the revision that the reading was asked for; at most eventsPage.
	events []operation.Event
}

// watchers are the waiting requests of the process, by operation. One goroutine reads all operations
// that are due in one query: when a request begins to wait, when a notification arrives, and once a
// second. So the cost depends neither on the number of requests that wait for an operation, nor on
// the number of operations. The goroutine exists while a request waits.
type watchers struct {
	closed chan struct{}
	// read reads operations, and the events of each after a revision; without events if that is
	// noEvents.
	read func(ctx context.Context, after map[uuid.UUID]int) map[uuid.UUID]look
	// wake shows the goroutine that an operation is due, or that no request waits any more.
	wake chan struct{}

	mu   sync.Mutex
	byID map[uuid.UUID]*watched
	// begun counts the readings that were begun.
	begun   uint64
	running bool
}

func newWatchers(read func(context.Context, map[uuid.UUID]int) map[uuid.UUID]look) *watchers {
	return &watchers{closed: make(chan struct{}), read: read, wake: make(chan struct{}, 1), byID: make(map[uuid.UUID]*watched)}
}

// add adds a request that waits for the operation. The caller must call remove.
func (w *watchers) add(id uuid.UUID, tenants []string) *waiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry := w.byID[id]
	if entry == nil {
		entry = &watched{tenants: tenants, waiters: make(map[*waiter]bool)}
		w.byID[id] = entry
	}
	waiter := &waiter{changed: make(chan struct{}, 1), id: id, after: w.begun}
	entry.waiters[waiter] = true
	entry.due = true
	if !w.running {
		w.running = true
		go w.run()
	}
	w.wakeReader()
	return waiter
}

func (w *watchers) remove(waiter *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry := w.byID[waiter.id]
	delete(entry.waiters, waiter)
	if len(entry.waiters) == 0 {
		delete(w.byID, waiter.id)
		w.wakeReader()
	}
}

// notify makes the operation due, if a request waits for it.
func (w *watchers) notify(id uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if entry := w.byID[id]; entry != nil {
		entry.due = true
		w.wakeReader()
	}
}

func (w *watchers) wakeReader() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run reads the operations that are due until no request waits any more.
func (w *watchers) run() {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for all := false; ; {
		due, number, more := w.begin(all)
		if !more {
			return
		}
		if len(due) > 0 {
			w.finish(due, number, w.read(w.tenantsOf(due), due))
		}
		select {
		case <-w.wake:
			all = false
		case <-tick.C:
			all = true
		}
	}
}

// tenantsOf returns a context for a reading of the operations, which may be those of several tenants.
func (w *watchers) tenantsOf(due map[uuid.UUID]int) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	var tenants []string
	for id := range due {
		if entry := w.byID[id]; entry != nil {
			tenants = append(tenants, entry.tenants...)
		}
	}
	slices.Sort(tenants)
	return access.WithTenants(context.Background(), slices.Compact(tenants))
}

// begin returns the operations to read, with the revision after which their events are wanted, and
// the number of the reading. Whatever becomes due later is read by a later one, because this reading
// may see the past of it. more is false if no request waits.
func (w *watchers) begin(all bool) (due map[uuid.UUID]int, number uint64, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.byID) == 0 {
		w.running = false
		return nil, 0, false
	}
	due = make(map[uuid.UUID]int)
	for id, entry := range w.byID {
		if all || entry.due {
			entry.due = false
			due[id] = entry.wanted()
		}
	}
	w.begun++
	return due, w.begun, true
}

// finish gives the results of a reading to the requests.
func (w *watchers) finish(due map[uuid.UUID]int, number uint64, results map[uuid.UUID]look) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, after := range due {
		if entry := w.byID[id]; entry != nil {
			entry.set(results[id], after, number)
		}
	}
}

// latest returns the last look that began after the waiter was added; ok is false if there is none.
func (w *watchers) latest(waiter *waiter) (l look, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry := w.byID[waiter.id]
	return entry.last, waiter.served
}

// again wakes the waiter after the next reading, whether that finds a change or not.
func (w *watchers) again(waiter *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiter.after, waiter.served = w.begun, false
}

// eventsAfter returns the events after a revision if they were read for all requests; ok is false if
// the request must read them itself, because they are older.
func (w *watchers) eventsAfter(waiter *waiter, revision int) (events []operation.Event, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.byID[waiter.id].history.after(revision)
}

// readEvents makes the readings of the waiter's operation include its events.
func (w *watchers) readEvents(waiter *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byID[waiter.id].followed = true
}
