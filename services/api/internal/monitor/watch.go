package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

const (
	// pollInterval is how often each operation that a request waits for is read at least.
	pollInterval = time.Second
	// eventsPage is how many events are read at a time.
	eventsPage = 500
)

// Finished is the condition of Await for the end of an operation.
func Finished(op *operation.Operation) bool { return op.State.Terminal() }

// ErrNoWait is the error of Await if as many requests wait as may. The caller can answer without a
// wait.
var ErrNoWait = errors.New("too many requests wait")

// Await waits until done returns true for the operation, the limit passes, ctx ends or the service
// stops (see Subscribe). It returns the operation as last read. Waiting counts as polling, and uses
// no database connection. It returns ErrNoWait, and op, if too many requests wait.
func (m *Monitor) Await(
	ctx context.Context, op *operation.Operation, limit time.Duration, done func(*operation.Operation) bool,
) (*operation.Operation, error) {
	if done(op) {
		return op, nil
	}
	taken := admission.Of(ctx)
	if err := taken.Wait(ctx); err != nil {
		return op, fmt.Errorf("%w: %w", ErrNoWait, err)
	}
	defer taken.EndWait()
	return m.watch(ctx, op.ID).await(ctx, op, limit, done)
}

// Follow calls send with every event of an operation after a revision, in order and exactly once. If
// the operation has no such revision, because a failover to an asynchronous standby has lost it, Follow
// begins with the first event. It
// returns after the final event, when the service stops (see Subscribe), or when ctx ends. After each
// heartbeat without events it calls send with none, so that both ends detect a broken connection.
// Following counts as polling, and uses no database connection while it waits. While the database is
// unavailable it continues to wait. It returns a fault of kind Gone if the operation is pruned. The
// caller admits the request with admission.Request.Wait before it begins its response.
func (m *Monitor) Follow(ctx context.Context, id uuid.UUID, after int, heartbeat time.Duration, send func([]operation.Event) error) error {
	return m.watch(ctx, id).follow(ctx, after, heartbeat, send)
}

func (m *Monitor) watch(ctx context.Context, id uuid.UUID) watch {
	return watch{m.watchers, id, access.Tenants(ctx)}
}

// watch waits for changes of one operation.
type watch struct {
	*watchers

	id uuid.UUID
	// tenants are those of the request.
	tenants []string
}

func (w watch) await(
	ctx context.Context, op *operation.Operation, limit time.Duration, done func(*operation.Operation) bool,
) (*operation.Operation, error) {
	waiter := w.add(w.id, w.tenants)
	defer w.remove(waiter)
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		select {
		case <-waiter.changed:
			last, ok := w.latest(waiter)
			if !ok {
				continue
			}
			if last.err != nil || done(last.op) {
				return last.op, last.err
			}
			op = last.op
		case <-timeout.C:
			return op, nil
		case <-w.closed:
			return op, nil
		case <-ctx.Done():
			return op, ctx.Err()
		}
	}
}

func (w watch) follow(ctx context.Context, after int, heartbeat time.Duration, send func([]operation.Event) error) error {
	waiter := w.add(w.id, w.tenants)
	defer w.remove(waiter)
	w.readEvents(waiter)
	silence := time.NewTimer(heartbeat)
	defer silence.Stop()
	for {
		select {
		case <-waiter.changed:
			last, ended, err := w.sendAfter(ctx, waiter, after, send)
			if ended || err != nil && !fault.Is(err, fault.Unavailable) {
				return err
			}
			if last != after {
				after = last
				silence.Reset(heartbeat)
			}
		case <-silence.C:
			if err := send(nil); err != nil {
				return err
			}
			silence.Reset(heartbeat)
		case <-w.closed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sendAfter sends all events after a revision. It returns the revision of the last one, and whether
// the operation is finished, so that no further events can follow.
func (w watch) sendAfter(
	ctx context.Context, waiter *waiter, after int, send func([]operation.Event) error,
) (last int, ended bool, err error) {
	for {
		current, ok := w.latest(waiter)
		if !ok || current.err != nil {
			return after, false, current.err
		}
		if current.op.Revision < after {
			// Either this look is older than the events that this request read itself, or a standby was
			// promoted that had not received the later ones. A new look shows which.
			if current = w.readNow(ctx, waiter, after); current.err != nil {
				return after, false, current.err
			}
			if current.op.Revision < after {
				after = 0
			}
		}
		if current.op.Revision <= after {
			return after, current.op.State.Terminal(), nil
		}
		events, ok := w.eventsAfter(waiter, after)
		if !ok {
			if current = w.readNow(ctx, waiter, after); current.err != nil {
				return after, false, current.err
			}
			events = current.events
		}
		if len(events) == 0 { // the operation was finished by a release without events
			return after, current.op.State.Terminal(), nil
		}
		if err := send(events); err != nil {
			return after, false, err
		}
		after = events[len(events)-1].Revision
	}
}

// readNow reads the operation, and its events after a revision, for one request only. After an error
// the request is woken for another attempt.
func (w watch) readNow(ctx context.Context, waiter *waiter, after int) look {
	own := w.read(ctx, map[uuid.UUID]int{w.id: after})[w.id]
	if own.err != nil {
		w.again(waiter)
	}
	return own
}
