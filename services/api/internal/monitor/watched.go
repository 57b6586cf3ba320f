package monitor

import (
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// noEvents, in place of a revision, asks for an operation without events.
const noEvents = -1

// waiter is one waiting request.
type waiter struct {
	// changed receives when there is a new look.
	changed chan struct{}
	id      uuid.UUID
	// after is the number of readings that had begun before the request waited: they may have seen
	// the past. served is true after the first later one.
	after  uint64
	served bool
}

// watched is an operation that at least one request waits for.
type watched struct {
	// tenants are those of the request that waited first. The others found the same operation, so they
	// have the same tenant.
	tenants []string
	waiters map[*waiter]bool
	// due means that the operation must be read.
	due bool
	// followed means that at least one request needs events.
	followed bool
	last     look
	history  history
}

// wanted returns the revision after which events are wanted. Those before the first look are read by
// each request, because each begins at another place.
func (e *watched) wanted() int {
	if !e.followed || !e.history.begun {
		return noEvents
	}
	return e.history.upTo()
}

// set stores a look and wakes the requests for which it is the first or changes something.
func (e *watched) set(l look, after int, number uint64) {
	changed := l.err != nil || e.last.err != nil || e.last.op == nil || l.op.Revision != e.last.op.Revision
	if l.err == nil {
		e.history.add(l.op.Revision, after, l.events)
	}
	e.last = look{op: l.op, err: l.err}
	for waiter := range e.waiters {
		first := !waiter.served && number > waiter.after
		if first {
			waiter.served = true
		}
		if !first && !changed {
			continue
		}
		select {
		case waiter.changed <- struct{}{}:
		default:
		}
	}
}

// maxHistory limits the events that are kept for the requests that follow an operation.
const maxHistory = 2 * eventsPage

// history has the latest events of an operation, without a gap.
type history struct {
	begun bool
	// from is the revision after which events has all events.
	from   int
	events []operation.Event
}

// upTo returns the revision of the last event.
func (h *history) upTo() int {
	if len(h.events) == 0 {
		return h.from
	}
	return h.events[len(h.events)-1].Revision
}

// add appends events that were read after a revision. The first call sets where the history begins.
func (h *history) add(revision, after int, events []operation.Event) {
	if !h.begun || revision < h.upTo() { // the latter after a failover that has lost revisions
		*h = history{begun: true, from: revision}
		return
	}
	if after != h.upTo() {
		return
	}
	h.events = append(h.events, events...)
	if surplus := len(h.events) - maxHistory; surplus > 0 {
		h.from = h.events[surplus-1].Revision
		h.events = append([]operation.Event(nil), h.events[surplus:]...) // requests may still read the old list
	}
}

// after returns the events after a revision; ok is false if the history begins later or ends before.
func (h *history) after(revision int) (events []operation.Event, ok bool) {
	if !h.begun || revision < h.from || revision >= h.upTo() {
		return nil, false
	}
	for i, e := range h.events {
		if e.Revision > revision {
			return h.events[i:len(h.events):len(h.events)], true
		}
	}
	return nil, false
}
