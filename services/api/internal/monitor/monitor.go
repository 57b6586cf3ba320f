// Package monitor is what every dialect does with an operation, whatever its words: find it, wait for it, cancel it, prune it, list what
// there is. Dialects differ in how they ask and how they tell.
package monitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// Store is what the monitor reads and changes.
type Store interface {
	Operation(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	OperationByReference(ctx context.Context, collection, reference string) (*operation.Operation, error)
	OperationByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	List(ctx context.Context, f store.Filter) ([]*operation.Operation, error)
	Events(ctx context.Context, id uuid.UUID, after, limit int) ([]operation.Event, error)
	Cancel(ctx context.Context, id uuid.UUID) (bool, error)
	Prune(ctx context.Context, id uuid.UUID) (bool, error)
	Polled(ctx context.Context, id uuid.UUID, within time.Duration) error
}

// Notifier tells of changes and hears of them; what it misses is found by looking.
type Notifier interface {
	Publish(ctx context.Context, id uuid.UUID) error
	Subscribe(ctx context.Context, changed func(uuid.UUID))
}

// Monitor is safe for concurrent use.
type Monitor struct {
	store      Store
	bell       Notifier
	log        *slog.Logger
	finished   *metrics.Finished
	pollWithin time.Duration
	waiting    waiting
}

// New makes a monitor. finished counts what is cancelled, and pollWithin is how soon an operation that must be asked for must be asked for
// again.
func New(db Store, bell Notifier, log *slog.Logger, finished *metrics.Finished, pollWithin time.Duration) *Monitor {
	return &Monitor{store: db, bell: bell, log: log, finished: finished, pollWithin: pollWithin, waiting: newWaiting()}
}

// Find finds an operation by its id; asking counts as a poll. A fault of kind NotFound means that there is none, one of kind Gone that
// there was.
func (m *Monitor) Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	return m.present(ctx)(m.store.Operation(ctx, id))
}

// Peek is Find for a glance that counts as no poll (HEAD).
func (m *Monitor) Peek(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	return here(m.store.Operation(ctx, id))
}

// FindByReference is Find for the reference of an import into a collection.
func (m *Monitor) FindByReference(ctx context.Context, collection, reference string) (*operation.Operation, error) {
	return m.present(ctx)(m.store.OperationByReference(ctx, collection, reference))
}

// FindByNumber is Find for a number.
func (m *Monitor) FindByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	return m.present(ctx)(m.store.OperationByNumber(ctx, number))
}

// PeekByNumber is Look for a number.
func (m *Monitor) PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	return here(m.store.OperationByNumber(ctx, number))
}

// here refuses what is gone.
func here(op *operation.Operation, err error) (*operation.Operation, error) {
	switch {
	case err != nil:
		return nil, err
	case op.Expired:
		return nil, gone(op)
	}
	return op, nil
}

// present refuses what is gone and notes the poll of what must be polled, whose deadline is then told anew.
func (m *Monitor) present(ctx context.Context) func(*operation.Operation, error) (*operation.Operation, error) {
	return func(op *operation.Operation, err error) (*operation.Operation, error) {
		op, err = here(op, err)
		if err != nil || op.PollDeadline.IsZero() || op.State.Terminal() {
			return op, err
		}
		op.PollDeadline = time.Now().Add(m.pollWithin)
		return op, m.store.Polled(ctx, op.ID, m.pollWithin)
	}
}

// List lists operations, the latest accepted first.
func (m *Monitor) List(ctx context.Context, f store.Filter) ([]*operation.Operation, error) {
	return m.store.List(ctx, f)
}

// Events returns what clients could see of an operation after a revision, in order and without a gap.
func (m *Monitor) Events(ctx context.Context, op *operation.Operation, after, limit int) ([]operation.Event, error) {
	return m.store.Events(ctx, op.ID, after, limit)
}
