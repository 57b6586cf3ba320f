package monitor

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

const (
	// pollInterval is the fallback when no notification arrives.
	pollInterval = time.Second
	// eventsPage is how many events are read at a time.
	eventsPage = 500
)

// Finished is the condition of Await for the end of an operation.
func Finished(op *operation.Operation) bool { return op.State.Terminal() }

// Await waits until done returns true for the operation, the limit passes, ctx ends or the service
// stops (see Subscribe). It returns the operation as last read. Waiting counts as polling, and uses
// no database connection.
func (m *Monitor) Await(
	ctx context.Context, op *operation.Operation, limit time.Duration, done func(*operation.Operation) bool,
) (*operation.Operation, error) {
	if done(op) {
		return op, nil
	}
	return m.watch(op.ID).await(ctx, limit, done)
}

// Follow calls send with every event of an operation after a revision, in order and exactly once. If
// the operation has no such revision, because a failover to an asynchronous standby has lost it, Follow
// begins with the first event. It
// returns after the final event, when the service stops (see Subscribe), or when ctx ends. After each
// heartbeat without events it calls send with none, so that both ends detect a broken connection.
// Following counts as polling, and uses no database connection while it waits. While the database is
// unavailable it continues to wait. It returns a fault of kind Gone if the operation is pruned.
func (m *Monitor) Follow(ctx context.Context, id uuid.UUID, after int, heartbeat time.Duration, send func([]operation.Event) error) error {
	return m.watch(id).follow(ctx, after, heartbeat, send)
}

func (m *Monitor) watch(id uuid.UUID) watch {
	return watch{
		watchers: m.watchers, id: id,
		find: func(ctx context.Context) (*operation.Operation, error) { return m.Find(ctx, id) },
		events: func(ctx context.Context, after int) ([]operation.Event, error) {
			return m.store.Events(ctx, id, after, eventsPage)
		},
	}
}

// watch waits for changes of one operation. Tests replace its functions, because a real database
// does not work with a fake clock.
type watch struct {
	watchers watchers
	id       uuid.UUID
	find     func(context.Context) (*operation.Operation, error)
	events   func(ctx context.Context, after int) ([]operation.Event, error)
}

func (w watch) await(ctx context.Context, limit time.Duration, done func(*operation.Operation) bool) (*operation.Operation, error) {
	changed, remove := w.watchers.add(w.id)
	defer remove()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		op, err := w.find(ctx)
		if err != nil || done(op) {
			return op, err
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-timeout.C:
			return op, nil
		case <-w.watchers.closed:
			return op, nil
		case <-ctx.Done():
			return op, ctx.Err()
		}
	}
}

func (w watch) follow(ctx context.Context, after int, heartbeat time.Duration, send func([]operation.Event) error) error {
	changed, remove := w.watchers.add(w.id)
	defer remove()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	silence := time.NewTimer(heartbeat)
	defer silence.Stop()
	for {
		last, ended, err := w.sendAfter(ctx, after, send)
		if ended || err != nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
		if last != after {
			after = last
			silence.Reset(heartbeat)
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-silence.C:
			if err := send(nil); err != nil {
				return err
			}
			silence.Reset(heartbeat)
		case <-w.watchers.closed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sendAfter sends all events after a revision. It returns the revision of the last one, and whether
// the operation is finished, so that no further events can follow.
func (w watch) sendAfter(ctx context.Context, after int, send func([]operation.Event) error) (last int, ended bool, err error) {
	for {
		op, err := w.find(ctx)
		if err != nil {
			return after, false, err
		}
		if op.Revision < after {
			after = 0 // a standby was promoted that had not received the later ones
		}
		if op.Revision <= after {
			return after, op.State.Terminal(), nil
		}
		events, err := w.events(ctx, after)
		if err != nil {
			return after, false, err
		}
		if len(events) == 0 { // the operation was finished by a release without events
			return after, op.State.Terminal(), nil
		}
		if err := send(events); err != nil {
			return after, false, err
		}
		after = events[len(events)-1].Revision
	}
}
