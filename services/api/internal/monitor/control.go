package monitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// publishTimeout bounds publishing a change. Watchers that miss it poll.
const publishTimeout = 200 * time.Millisecond

// Cancel stops an operation and returns its new state. Canceling it again has no effect. It returns
// a fault of kind Conflict if the operation has already finished in another state.
func (m *Monitor) Cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error) {
	if err := access.Require(ctx, access.CancelOperations); err != nil {
		return nil, err
	}
	current, cancelled, err := m.store.Cancel(ctx, op.ID)
	if err != nil {
		return nil, store.NameOperation(err, op.ShownID())
	}
	if cancelled {
		m.finished.Count(op.ID, op.Kind, operation.Cancelled)
	}
	m.publish(ctx, op)
	if current.State != operation.Cancelled {
		return nil, fault.New(fault.Conflict, "operation-finished",
			"The operation is finished and can't be cancelled any more. What it did stays.").With("final_state", current.State)
	}
	return current, nil
}

// Prune replaces a finished operation with a tombstone. It returns a fault of kind Conflict if the
// operation is not finished.
func (m *Monitor) Prune(ctx context.Context, op *operation.Operation) error {
	if err := access.Require(ctx, access.DeleteOperations); err != nil {
		return err
	}
	if !op.State.Terminal() {
		return fault.New(fault.Conflict, "operation-unfinished", "The operation is not finished: cancel it first, or wait.")
	}
	_, err := m.store.Prune(ctx, op.ID)
	m.publish(ctx, op)
	return store.NameOperation(err, op.ShownID())
}

// Delete cancels an unfinished operation, or prunes a finished one. It returns the operation as it
// was before pruning, and whether it was canceled.
func (m *Monitor) Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error) {
	if !op.State.Terminal() {
		left, err = m.Cancel(ctx, op)
		if !fault.Is(err, fault.Conflict) {
			return left, true, err
		}
		if op, err = m.store.Operation(ctx, op.ShownID()); err != nil { // it finished in the meantime
			return nil, false, err
		}
	}
	return op, false, m.Prune(ctx, op)
}

// publish notifies the watchers of the operation in this process and in other replicas.
func (m *Monitor) publish(ctx context.Context, op *operation.Operation) {
	m.watchers.notify(op.ID)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	if err := m.notifier.Publish(ctx, op.ID); err != nil {
		m.log.DebugContext(ctx, "publishing a change failed", slog.Any("error", err), slog.String(logging.Operation, op.ID.String()))
	}
}
