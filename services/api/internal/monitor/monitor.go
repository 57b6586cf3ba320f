// Package monitor contains what all dialects of the api do with operations: find, list, await,
// follow, cancel and prune them. The dialects differ only in their requests and responses.
package monitor

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// Monitor reads and controls operations. It is safe for concurrent use.
type Monitor struct {
	store      *store.Store
	notifier   *queue.Notifier
	log        *slog.Logger
	finished   *metrics.Finished
	pollWithin time.Duration
	watchers   *watchers
}

// New returns a monitor. finished counts canceled operations. pollWithin is how much a poll extends
// the poll deadline of an operation that has one.
func New(db *store.Store, notifier *queue.Notifier, log *slog.Logger, finished *metrics.Finished, pollWithin time.Duration) *Monitor {
	m := &Monitor{store: db, notifier: notifier, log: log, finished: finished, pollWithin: pollWithin}
	m.watchers = newWatchers(m.look)
	return m
}

// Find returns the operation with an id, and counts as a poll. It returns a fault of kind NotFound if
// there is none, or of kind Gone if it has expired.
func (m *Monitor) Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	op, err := m.store.Operation(ctx, id)
	return m.polled(ctx, op, err)
}

// Peek is Find without counting as a poll.
func (m *Monitor) Peek(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	op, err := m.store.Operation(ctx, id)
	return unexpired(seen(ctx, op, err))
}

// FindByReference is Find by the reference of an import into a collection.
func (m *Monitor) FindByReference(ctx context.Context, collection, reference string) (*operation.Operation, error) {
	op, err := m.store.OperationByReference(ctx, collection, reference)
	return m.polled(ctx, op, err)
}

// FindByNumber is Find by the operation's number.
func (m *Monitor) FindByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	op, err := m.store.OperationByNumber(ctx, number)
	return m.polled(ctx, op, err)
}

// PeekByNumber is Peek by the operation's number.
func (m *Monitor) PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	op, err := m.store.OperationByNumber(ctx, number)
	return unexpired(seen(ctx, op, err))
}

// seen returns the fault for an operation that does not exist, if the principal may not use its
// collection.
func seen(ctx context.Context, op *operation.Operation, err error) (*operation.Operation, error) {
	if err == nil && !access.Sees(ctx, op.Collection, op.Principal) {
		return nil, store.OperationNotFound()
	}
	return op, err
}

// unexpired returns a fault of kind Gone for a tombstone.
func unexpired(op *operation.Operation, err error) (*operation.Operation, error) {
	if err != nil {
		return nil, err
	}
	if op.Expired {
		return nil, fault.New(fault.Gone, "operation-expired",
			"The operation is gone since %s, and its records with it. Its final counts are all that is left.", op.ExpiresAt.Format(time.RFC3339)).
			With("expired_at", op.ExpiresAt).With("final_state", op.State).With("counts", op.Counts)
	}
	return op, nil
}

// polled is unexpired, and extends the poll deadline of an unfinished operation that has one.
func (m *Monitor) polled(ctx context.Context, op *operation.Operation, err error) (*operation.Operation, error) {
	op, err = unexpired(seen(ctx, op, err))
	if err != nil || op.PollDeadline.IsZero() || op.State.Terminal() {
		return op, err
	}
	op.PollDeadline = time.Now().Add(m.pollWithin)
	return op, m.store.Polled(ctx, []uuid.UUID{op.ID}, m.pollWithin)
}

// listedBytes is what an operation of a list occupies until the client has received the list.
const listedBytes = 8 << 10

// List returns operations, the most recently accepted first. The request is admitted as a download
// with the size of the page.
func (m *Monitor) List(ctx context.Context, f store.Filter) (store.Listing, error) {
	if err := admission.Of(ctx).Download(ctx, int64(f.Limit)*listedBytes); err != nil {
		return store.Listing{}, err
	}
	end, err := m.store.BeginRead(ctx)
	if err != nil {
		return store.Listing{}, err
	}
	defer end()
	f.Principal = access.Of(ctx)
	return m.store.List(ctx, f)
}
