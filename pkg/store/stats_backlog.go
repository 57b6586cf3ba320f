package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// QueueLoad is a live operation, seen as a load for the operations that wait behind it.
type QueueLoad struct {
	Kind operation.Kind
	// Number is its place in the order of acceptance.
	Number int64
	// Queued is the maximum number of its chunks that are queued or being processed: at most its
	// lanes, without those that are held. Remaining is how many are not done.
	Queued, Remaining int
	// Speed is its number of committed chunks per second since it started, 0 if there is none. Each
	// step of a search or a report counts as one.
	Speed float64
}

// minMeasured is the shortest time over which a speed is computed, so that an operation that has
// just started shows no extreme one.
const minMeasured = time.Second

// Backlog returns the live operations in the order of their acceptance, at most limit of them. It
// is meant for estimates: cache it instead of calling it for each client.
func (s *Store) Backlog(ctx context.Context, limit int) ([]QueueLoad, error) {
	// Materialized, because there are few live operations among many, and a planner that prefers
	// the order of numbers reads them all.
	const backlog = `
WITH live AS MATERIALIZED (
  SELECT t.task_id, t.kind, t.number, t.lanes, greatest(t.total_chunks - t.done_chunks, 1) AS remaining, t.done_chunks,
    greatest(extract(epoch FROM clock_timestamp() - t.started_at), extract(epoch FROM $2::interval)) AS seconds
  FROM xforce.tasks t
  WHERE t.status IN ('waiting', 'running')) -- the condition of the partial index
SELECT live.kind, live.number, greatest(least(live.lanes, live.remaining) - coalesce(held.chunks, 0), 0), live.remaining,
  CASE WHEN live.seconds IS NULL THEN 0 ELSE coalesce(resumable.steps, live.done_chunks) / live.seconds END::float8
FROM live
LEFT JOIN (SELECT task_id, count(*)::int AS chunks FROM xforce.held_chunks GROUP BY task_id) held USING (task_id)
LEFT JOIN xforce.task_chunks resumable ON live.kind <> $3 AND resumable.task_id = live.task_id AND resumable.seq = 0
ORDER BY live.number LIMIT $1`
	return collectForClient(ctx, s.pool, "reading the backlog", pgx.RowToStructByPos[QueueLoad], backlog, limit, minMeasured, operation.Import)
}
