package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Cancel stops an operation by one UPDATE: after it commits no step can, and what was committed before it is counted exactly. It
// reports whether this call did it; one that is finished keeps its end.
func (s *Store) Cancel(ctx context.Context, id uuid.UUID) (bool, error) {
	const cancel = `
UPDATE xforce.tasks SET phase = NULL, status = $2, finished_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($3)`
	return s.change(ctx, "cancelling an operation", cancel, id, operation.Cancelled, statesBefore(operation.Cancelled))
}

// Prune makes a tombstone of a finished operation, which the janitor then clears away. It reports whether this call did it; an unfinished
// operation stays as it is.
func (s *Store) Prune(ctx context.Context, id uuid.UUID) (bool, error) {
	const prune = `
UPDATE xforce.tasks SET is_active = FALSE, expires_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($2) AND is_active`
	return s.change(ctx, "pruning an operation", prune, id, finishedStates)
}

// Polled puts off the deadline of an operation that must be asked for again and again, so that it is not before within from now. It is put
// off a little further than that, so that those who ask many times in a second do not write each time.
func (s *Store) Polled(ctx context.Context, id uuid.UUID, within time.Duration) error {
	const polled = `
UPDATE xforce.tasks SET poll_deadline = clock_timestamp() + $2::interval * 1.05
WHERE task_id = $1 AND poll_deadline < clock_timestamp() + $2::interval AND status = ANY ($3)`
	_, err := s.change(ctx, "putting off a deadline", polled, id, within, liveStates)
	return err
}

func (s *Store) change(ctx context.Context, doing, statement string, args ...any) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	changed, err := s.pool.Exec(ctx, statement, args...)
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, unavailable(err))
	}
	return changed.RowsAffected() > 0, nil
}
