package monitor

import (
	"context"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
)

// lookInterval is how often who waits looks by himself, should the bell be mute.
const lookInterval = time.Second

// Await reads the operation again and again until enough says so, the limit is over or the context ends, and returns what it read last.
// Waiting counts as polling. It holds no connection while it waits. When the service stops (see Listen), it returns at once.
func (m *Monitor) Await(ctx context.Context, op *operation.Operation, limit time.Duration, enough func(*operation.Operation) bool) (*operation.Operation, error) {
	if enough(op) {
		return op, nil
	}
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
