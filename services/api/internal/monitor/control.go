package monitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Cancel stops an operation and returns it as it is then. Cancelling what is cancelled does no harm; a fault of kind Conflict means that
// it had ended otherwise before.
func (m *Monitor) Cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error) {
	cancelled, err := m.store.Cancel(ctx, op.ID)
	if err != nil {
		return nil, err
	}
	if cancelled {
		m.finished.Count(op.ID, op.Kind, operation.Cancelled)
	}
	m.ring(ctx, op)
	now, err := m.store.Operation(ctx, op.ID)
	switch {
	case err != nil:
		return nil, err
	case now.State != operation.Cancelled:
		return nil, fault.New(fault.Conflict, "operation-finished",
			"The operation is finished and can't be cancelled any more. What it did stays.").With("final_state", now.State)
	}
	return now, nil
}

// Prune makes a tombstone of a finished operation. A fault of kind Conflict means that it is not finished.
func (m *Monitor) Prune(ctx context.Context, op *operation.Operation) error {
	if !op.State.Terminal() {
		return fault.New(fault.Conflict, "operation-unfinished", "The operation is not finished: cancel it first, or wait.")
	}
	_, err := m.store.Prune(ctx, op.ID)
	m.ring(ctx, op)
	return err
}

// Delete cancels an unfinished operation and prunes a finished one. It returns the operation as it was left; cancelled tells which of the
// two was done.
func (m *Monitor) Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error) {
	if !op.State.Terminal() {
		left, err = m.Cancel(ctx, op)
		if !fault.Is(err, fault.Conflict) {
			return left, true, err
		}
		if op, err = m.store.Operation(ctx, op.ID); err != nil { // it ended just now
			return nil, false, err
		}
	}
	return op, false, m.Prune(ctx, op)
}

// gone tells what is left of an operation that has expired or was pruned.
func gone(op *operation.Operation) error {
	return fault.New(fault.Gone, "operation-expired",
		"The operation is gone since %s, and its records with it. Its final counts are all that is left.", op.ExpiresAt.Format(time.RFC3339)).
		With("expired_at", op.ExpiresAt).With("final_state", op.State).With("counts", op.Counts)
}

// ring tells who waits, here and in other replicas.
func (m *Monitor) ring(ctx context.Context, op *operation.Operation) {
	m.waiting.wake(op.ID)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ringBudget)
	defer cancel()
	if err := m.bell.Publish(ctx, op.ID); err != nil {
		m.log.DebugContext(ctx, "a change was not told", slog.Any("error", err), slog.String(logging.Operation, op.ID.String()))
	}
}

// ringBudget bounds telling of a change: who waits looks by himself.
const ringBudget = 200 * time.Millisecond
