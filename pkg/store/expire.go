package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// unpolled is the failure of an operation that timed out, as clients see it.
var unpolled = operation.Failure{
	Code: "TimedOut",
	Message: "Nobody asked for the operation for so long that it was stopped. " +
		"Send the request again, and ask for it at least as often as Retry-After says.",
}

// TimedOut is an operation that was stopped because no client polled it.
type TimedOut struct {
	ID   uuid.UUID
	Kind operation.Kind
	// RequestID is the id of the request that started it, for the log; empty if there is none.
	RequestID string
}

// TimeOutUnpolled stops live operations whose poll deadline has passed, at most limit of them, and
// returns them. It skips operations that are locked by others; the next call gets them.
func (s *Store) TimeOutUnpolled(ctx context.Context, limit int) ([]TimedOut, error) {
	const timeOut = `
WITH due AS (
  SELECT task_id FROM xforce.tasks
  WHERE status IN ('waiting', 'running') -- the condition of the partial index
    AND status = ANY ($2) AND poll_deadline < ` + now + `
  LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE xforce.tasks t SET phase = NULL, status = $3, error_code = $4, error_message = $5,
  finished_at = clock_timestamp(), updated_at = clock_timestamp()
FROM due WHERE t.task_id = due.task_id
RETURNING t.task_id, t.kind, coalesce(t.request_id, '')`
	return collect(ctx, s.pool, "timing out operations", pgx.RowToStructByPos[TimedOut],
		timeOut, limit, statesBefore(operation.TimedOut), operation.TimedOut, unpolled.Code, unpolled.Message)
}

// Expire turns finished operations whose retention has passed into tombstones, at most limit of
// them, and returns their ids. Their counts stay.
func (s *Store) Expire(ctx context.Context, limit int) ([]uuid.UUID, error) {
	const expire = `
WITH due AS (
  SELECT task_id FROM xforce.tasks
  WHERE is_active AND finished_at IS NOT NULL AND finished_at + retention <= ` + now + ` AND status = ANY ($2)
  ORDER BY finished_at + retention LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE xforce.tasks t SET is_active = FALSE, expires_at = t.finished_at + t.retention, updated_at = clock_timestamp()
FROM due WHERE t.task_id = due.task_id
RETURNING t.task_id`
	return collect(ctx, s.pool, "expiring operations", pgx.RowTo[uuid.UUID], expire, limit, finishedStates)
}

// DeleteExpired deletes tombstones that are older than age and have no dependent rows, at most
// limit of them, and returns how many it deleted.
func (s *Store) DeleteExpired(ctx context.Context, age time.Duration, limit int) (int, error) {
	const deleteExpired = `
DELETE FROM xforce.tasks WHERE task_id IN (
  SELECT task_id FROM xforce.tasks
  WHERE NOT is_active AND reclaimed_at IS NOT NULL AND expires_at < ` + now + ` - $1::interval
  ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`
	deleted, err := s.pool.Exec(ctx, deleteExpired, age, limit)
	if err != nil {
		return 0, fmt.Errorf("deleting tombstones: %w", err)
	}
	return int(deleted.RowsAffected()), nil
}
