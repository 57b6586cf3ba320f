package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// unpolled is why an operation was timed out.
var unpolled = operation.Failure{
	Code: "TimedOut",
	Message: "Nobody asked for the operation for so long that it was stopped. " +
		"Send the request again, and ask for it at least as often as Retry-After says.",
}

// Ended is an operation that was ended for want of anybody who asked for it.
type Ended struct {
	ID   uuid.UUID
	Kind operation.Kind
	// RequestID is the id of the request that began it, for the log; empty if it had none.
	RequestID string
}

// TimeOutUnpolled ends live operations that somebody had to ask for and nobody did, at most limit of them, and returns which. One that is
// changed by somebody else just now is left for the next call.
func (s *Store) TimeOutUnpolled(ctx context.Context, limit int) ([]Ended, error) {
	const timeOut = `
WITH due AS (
  SELECT task_id FROM xforce.tasks
  WHERE status IN ('waiting', 'running') -- the words of the partial index
    AND status = ANY ($2) AND poll_deadline < clock_timestamp()
  LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE xforce.tasks t SET phase = NULL, status = $3, error_code = $4, error_message = $5, finished_at = clock_timestamp(), updated_at = clock_timestamp()
FROM due WHERE t.task_id = due.task_id
RETURNING t.task_id, t.kind, coalesce(t.request_id, '')`
	rows, err := s.pool.Query(ctx, timeOut, limit, statesBefore(operation.TimedOut), operation.TimedOut, unpolled.Code, unpolled.Message)
	if err != nil {
		return nil, fmt.Errorf("timing out operations: %w", err)
	}
	ended, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Ended])
	if err != nil {
		return nil, fmt.Errorf("timing out operations: %w", err)
	}
	return ended, nil
}

// Expire makes tombstones of finished operations whose retention is over, at most limit of them, and returns which. Their counts stay.
func (s *Store) Expire(ctx context.Context, limit int) ([]uuid.UUID, error) {
	const expire = `
WITH due AS (
  SELECT task_id FROM xforce.tasks
  WHERE is_active AND finished_at IS NOT NULL AND finished_at + retention <= clock_timestamp() AND status = ANY ($2)
  ORDER BY finished_at + retention LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE xforce.tasks t SET is_active = FALSE, expires_at = t.finished_at + t.retention, updated_at = clock_timestamp()
FROM due WHERE t.task_id = due.task_id
RETURNING t.task_id`
	return s.collectIDs(ctx, "expiring operations", expire, limit, finishedStates)
}

// DeleteExpired deletes tombstones of which nothing is left but their counts and that are older than the age given, at most limit of them, and
// tells how many it were.
func (s *Store) DeleteExpired(ctx context.Context, age time.Duration, limit int) (int, error) {
	const bury = `
DELETE FROM xforce.tasks WHERE task_id IN (
  SELECT task_id FROM xforce.tasks
  WHERE NOT is_active AND reclaimed_at IS NOT NULL AND expires_at < clock_timestamp() - $1::interval
  ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`
	buried, err := s.pool.Exec(ctx, bury, age, limit)
	if err != nil {
		return 0, fmt.Errorf("burying tombstones: %w", err)
	}
	return int(buried.RowsAffected()), nil
}

func (s *Store) collectIDs(ctx context.Context, doing, query string, args ...any) ([]uuid.UUID, error) {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return ids, nil
}
