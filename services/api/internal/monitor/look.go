package monitor

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// look reads operations, and the events of each after a revision, in at most three queries. It counts
// as a poll.
func (m *Monitor) look(ctx context.Context, after map[uuid.UUID]int) map[uuid.UUID]look {
	ids := slices.Collect(maps.Keys(after))
	found, err := m.store.Operations(ctx, ids)
	if err == nil {
		err = m.pollAll(ctx, found)
	}
	var events map[uuid.UUID][]operation.Event
	if err == nil {
		events, err = m.newEvents(ctx, found, after)
	}
	results := make(map[uuid.UUID]look, len(after))
	for _, id := range ids {
		results[id] = newLook(found[id], events[id], err)
	}
	return results
}

func newLook(op *operation.Operation, events []operation.Event, err error) look {
	switch {
	case err != nil:
		return look{err: err}
	case op == nil:
		return look{err: store.OperationNotFound()}
	}
	op, err = unexpired(op, nil)
	return look{op: op, events: events, err: err}
}

// pollAll extends the poll deadlines of the unfinished operations that have one.
func (m *Monitor) pollAll(ctx context.Context, ops map[uuid.UUID]*operation.Operation) error {
	var polled []uuid.UUID
	for id, op := range ops {
		if !op.PollDeadline.IsZero() && !op.State.Terminal() && !op.Expired {
			op.PollDeadline = time.Now().Add(m.pollWithin)
			polled = append(polled, id)
		}
	}
	if len(polled) == 0 {
		return nil
	}
	return m.store.Polled(ctx, polled, m.pollWithin)
}

// newEvents reads the events of the operations that have newer ones than the wanted revision.
func (m *Monitor) newEvents(
	ctx context.Context, ops map[uuid.UUID]*operation.Operation, after map[uuid.UUID]int,
) (map[uuid.UUID][]operation.Event, error) {
	changed := make(map[uuid.UUID]int)
	for id, op := range ops {
		if revision := after[id]; revision != noEvents && op.Revision > revision {
			changed[id] = revision
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	return m.store.Events(ctx, changed, eventsPage)
}
