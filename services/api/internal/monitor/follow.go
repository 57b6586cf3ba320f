package monitor

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// eventsPage is how many events are read at once.
const eventsPage = 500

// Follow tells every event of an operation after a revision, in order, none twice and none left out, and returns when the final one is
// told, the service stops (see Listen) or the context ends. After each beat of silence it tells of no event, so that both ends know that
// the other is there. Following counts as polling, and holds no connection while it waits. While the database does not answer there is
// silence; a fault of kind Gone means that the operation was pruned.
func (m *Monitor) Follow(ctx context.Context, id uuid.UUID, after int, beat time.Duration, tell func([]operation.Event) error) error {
	rung, stop := m.waiting.watch(id)
	defer stop()
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	silence := time.NewTimer(beat)
	defer silence.Stop()
	for {
		last, ended, err := m.tellAfter(ctx, id, after, tell)
		if ended || err != nil && !fault.Is(err, fault.Unavailable) {
			return err
		}
		if last > after {
			after = last
			silence.Reset(beat)
		}
		select {
		case <-rung:
		case <-look.C:
		case <-silence.C:
			if err := tell(nil); err != nil {
				return err
			}
			silence.Reset(beat)
		case <-m.waiting.closed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tellAfter tells what is there after a revision, and returns the last that was told and whether nothing can follow.
func (m *Monitor) tellAfter(ctx context.Context, id uuid.UUID, after int, tell func([]operation.Event) error) (last int, ended bool, err error) {
	for {
		op, err := m.Find(ctx, id)
		if err != nil {
			return after, false, err
		}
		if op.Revision <= after {
			return after, op.State.Terminal(), nil
		}
		events, err := m.store.Events(ctx, id, after, eventsPage)
		if err != nil {
			return after, false, err
		}
		if len(events) == 0 { // an operation that is older than its events
			return after, op.State.Terminal(), nil
		}
		if err := tell(events); err != nil {
			return after, false, err
		}
		after = events[len(events)-1].Revision
	}
}
