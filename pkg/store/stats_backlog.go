package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// QueueLoad is a live operation as those see it that wait behind it.
type QueueLoad struct {
	Kind operation.Kind
	// Number is its place in the order of acceptance.
	Number int64
	// Queued is how many of its chunks may be in the queue or in work: no more than its lanes. Remaining is how many are not done.
	Queued, Remaining int
	// Speed is how many of its chunks were done in a second since it began, 0 if none was; a step of a search or a report counts as one.
	Speed float64
}

// leastMeasured keeps an operation that began just now from showing a speed that nobody could hold.
const leastMeasured = time.Second

// Backlog returns the live operations in the order of their acceptance, at most limit of them. It is an estimate for estimates: read it
// now and then, and not for each client.
func (s *Store) Backlog(ctx context.Context, limit int) ([]QueueLoad, error) {
	// Materialized, because there are few live operations among many, and a planner that likes the order of numbers reads them all.
	const backlog = `
WITH live AS MATERIALIZED (
  SELECT t.task_id, t.kind, t.number, t.lanes, greatest(t.total_chunks - t.done_chunks, 1) AS remaining, t.done_chunks,
    greatest(extract(epoch FROM clock_timestamp() - t.started_at), extract(epoch FROM $2::interval)) AS seconds
  FROM xforce.tasks t
  WHERE t.status IN ('waiting', 'running')) -- the words of the partial index
SELECT live.kind, live.number, least(live.lanes, live.remaining), live.remaining,
  CASE WHEN live.seconds IS NULL THEN 0 ELSE coalesce(turns.steps, live.done_chunks) / live.seconds END::float8
FROM live
LEFT JOIN xforce.task_chunks turns ON live.kind <> $3 AND turns.task_id = live.task_id AND turns.seq = 0
ORDER BY live.number LIMIT $1`
	rows, err := s.pool.Query(ctx, backlog, limit, leastMeasured, operation.Import)
	if err != nil {
		return nil, fmt.Errorf("reading the backlog: %w", err)
	}
	loads, err := pgx.CollectRows(rows, pgx.RowToStructByPos[QueueLoad])
	if err != nil {
		return nil, fmt.Errorf("reading the backlog: %w", err)
	}
	return loads, nil
}
