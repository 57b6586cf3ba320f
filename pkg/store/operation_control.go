package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Cancel stops an operation with a single UPDATE: after it commits no step can commit, and
// everything committed before is counted exactly. It reports whether this call cancelled the
// operation; a finished operation is not changed.
func (s *Store) Cancel(ctx context.Context, id uuid.UUID) (bool, error) {
	const cancel = `
UPDATE xforce.tasks SET phase = NULL, status = $2, finished_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($3)`
	return s.change(ctx, "cancelling an operation", cancel, id, operation.Cancelled, statesBefore(operation.Cancelled))
}

// Prune turns a finished operation into a tombstone, whose dependent rows the janitor deletes. It
// reports whether this call did so; an unfinished operation is not changed.
func (s *Store) Prune(ctx context.Context, id uuid.UUID) (bool, error) {
	const prune = `
UPDATE xforce.tasks SET is_active = FALSE, expires_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($2) AND is_active`
	return s.change(ctx, "pruning an operation", prune, id, finishedStates)
}

// Polled extends the poll deadlines of operations that clients must poll, to at least within from
// now. It sets the deadline 5 % later than that, so that a client that polls many times a second
// does not cause as many writes.
func (s *Store) Polled(ctx context.Context, ids []uuid.UUID, within time.Duration) error {
	const polled = `
UPDATE xforce.tasks SET poll_deadline = clock_timestamp() + $2::interval * 1.05
WHERE task_id = ANY ($1) AND poll_deadline < ` + now + ` + $2::interval AND status = ANY ($3)`
	_, err := s.change(ctx, "extending a poll deadline", polled, ids, within, liveStates)
	return err
}

// change runs an UPDATE for a client and reports whether it changed a row.
func (s *Store) change(ctx context.Context, doing, statement string, args ...any) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	changed, err := s.pool.Exec(ctx, statement, args...)
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, unavailable(err))
	}
	return changed.RowsAffected() > 0, nil
}

const failOperation = `
UPDATE xforce.tasks SET phase = NULL, status = $2, error_code = $3, error_message = $4,
  finished_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($5)`

// Fail ends an operation that can't be completed. What was committed stays and is counted. It
// reports whether this call failed the operation; a finished operation is not changed.
func (s *Store) Fail(ctx context.Context, c job.Chunk, why operation.Failure) (bool, error) {
	failed, err := s.pool.Exec(ctx, failOperation, c.OperationID, operation.Failed, why.Code, why.Message, statesBefore(operation.Failed))
	if err != nil {
		return false, fmt.Errorf("failing the operation: %w", err)
	}
	return failed.RowsAffected() > 0, nil
}
