package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// selectStats counts the unfinished operations, and the due chunks as DueChunks defines them, with
// the time since which each is due. The first chunk of a lane is due since the split of its upload
// or, without one, since the operation was accepted; any other chunk of an import since its
// predecessor in the lane was committed. A split and the chunk of a search or a report are due since
// their last step or, before the first, since the operation was accepted. If the program that
// committed the step did not store the time, the time of the operation's last change is used.
//
// A chunk that has been attempted has no age: the end of the last attempt is not stored, and
// checking whether the chunk is locked would lock it, and a worker that tries to lock it at that
// moment would fail. A chunk that is held has no age either, because it waits on purpose. Such a chunk is still counted: an alert on the count fires when chunks are due
// and none is committed.
//
// The CTE is materialized because there are few unfinished operations among many, and they are read
// twice. Each LIMIT 1 is there to keep the planner from reading all chunks.
const selectStats = `
WITH unfinished AS MATERIALIZED (
  SELECT task_id, kind, status, number, lanes, total_chunks, sealed_at, updated_at FROM xforce.tasks
  WHERE status IN ('receiving', 'waiting', 'running')), -- the condition of the partial index
first_accepted AS (
  SELECT * FROM (
    SELECT *, sum(greatest(least(lanes, total_chunks), 1)) OVER
        (PARTITION BY kind ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS lanes_before
    FROM unfinished WHERE status IN ('waiting', 'running')) AS live
  WHERE coalesce(lanes_before, 0) < $2),
due AS (
  SELECT t.kind, first.kind AS chunk_kind, held.seq IS NOT NULL AS is_held, CASE
      WHEN first.attempts > 0 OR held.seq IS NOT NULL THEN NULL
      WHEN t.kind <> $1 OR first.kind = 'split' THEN
        CASE WHEN first.steps = 0 THEN t.sealed_at ELSE coalesce(first.stepped_at, t.updated_at) END
      WHEN first.seq < t.lanes THEN
        CASE WHEN split.task_id IS NULL THEN t.sealed_at ELSE coalesce(split.stepped_at, t.updated_at) END
      WHEN before.task_id IS NULL THEN t.sealed_at
      ELSE coalesce(before.stepped_at, t.updated_at) END AS since
  FROM first_accepted t
  LEFT JOIN xforce.task_chunks split ON split.task_id = t.task_id AND split.kind = 'split'
  CROSS JOIN LATERAL generate_series(0, greatest(least(t.lanes, t.total_chunks), 1) - 1) AS lane
  CROSS JOIN LATERAL (
    SELECT p.seq, p.kind, p.attempts, p.steps, p.stepped_at FROM xforce.task_chunks p
    WHERE p.task_id = t.task_id AND p.state = 'pending'
      AND CASE WHEN t.total_chunks = 0 THEN p.kind = 'split' ELSE p.kind = 'step' AND p.seq % t.lanes = lane END
    ORDER BY p.seq LIMIT 1) AS first
  LEFT JOIN xforce.held_chunks held ON held.task_id = t.task_id AND held.seq = first.seq
  LEFT JOIN LATERAL (
    SELECT b.task_id, b.stepped_at FROM xforce.task_chunks b
    WHERE first.attempts = 0 AND first.seq >= t.lanes AND b.task_id = t.task_id AND b.seq = first.seq - t.lanes
    LIMIT 1) AS before ON TRUE)
SELECT kind, status, FALSE AS is_split, count(*), 0, NULL::interval FROM unfinished GROUP BY kind, status
UNION ALL
SELECT kind, '', chunk_kind = 'split', count(*), count(*) FILTER (WHERE is_held), clock_timestamp() - min(since) FROM due GROUP BY kind, chunk_kind = 'split'`

// maxStatsLanes limits how many lanes of each kind's operations Stats reads, those of the first
// accepted operations first. So many lanes take two thirds of a second on a busy machine.
const maxStatsLanes = 40_000

// Stats returns the numbers of unfinished operations and of due chunks, for the metrics. Of a long
// backlog it counts what is due in the first 40,000 lanes of each kind, which are 5,000 imports of
// eight lanes. It reads every one of them, so don't call it often.
func (s *Store) Stats(ctx context.Context) (stats job.Stats, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		// The planner expects a thousand lanes for each operation and would compile a query that
		// takes a moment.
		if _, err := tx.Exec(ctx, `SET LOCAL jit = off`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, selectStats, operation.Import, maxStatsLanes)
		if err != nil {
			return err
		}
		stats, err = scanStats(rows)
		return err
	})
	if err != nil {
		return job.Stats{}, fmt.Errorf("reading the stats: %w", err)
	}
	return stats, nil
}

func scanStats(rows pgx.Rows) (stats job.Stats, err error) {
	var (
		kind    operation.Kind
		state   operation.State
		isSplit bool
		count   int
		held    int
		oldest  *time.Duration
	)
	_, err = pgx.ForEachRow(rows, []any{&kind, &state, &isSplit, &count, &held, &oldest}, func() error {
		if state != "" {
			stats.Operations = append(stats.Operations, job.OperationCount{Kind: kind, State: state, Count: count})
			return nil
		}
		due := job.DueCount{Kind: jobKind(kind, isSplit), Chunks: count, Held: held}
		if oldest != nil {
			due.Oldest = max(*oldest, 0) // the clock may have been set back
		}
		stats.Due = append(stats.Due, due)
		return nil
	})
	return stats, err
}
