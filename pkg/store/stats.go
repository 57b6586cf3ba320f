package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

// standing has the due chunks of DueChunks. The first of each lane is due since the operation was accepted or, after a split, since that; any
// other since the chunk before it in its lane was committed; that of a search or a report since its last turn. Both are the same row, or
// one whose step was the last. Where that step was committed by a program that did not write the time down, the operation's last change is
// the best guess.
//
// A chunk that was tried has no age: nothing tells when its last attempt ended, and whether somebody holds it is only found out by locking it,
// which would send away the worker that comes just then. It is counted nevertheless, and the alert LongshoreNobodyWorks looks at the count
// beside the age: work that is due, of which nothing is committed.
//
// Materialized, because there are few unfinished operations among many, and they are read twice. The limits are always one row: they keep the
// planner from reading the chunks of all operations there ever were.
const standing = `
WITH unfinished AS MATERIALIZED (
  SELECT task_id, kind, status, number, lanes, total_chunks, sealed_at, updated_at FROM xforce.tasks
  WHERE status IN ('receiving', 'waiting', 'running')), -- the words of the partial index
first_accepted AS (
  SELECT * FROM (
    SELECT *, sum(greatest(least(lanes, total_chunks), 1)) OVER
        (PARTITION BY kind ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS lanes_before
    FROM unfinished WHERE status IN ('waiting', 'running')) AS live
  WHERE coalesce(lanes_before, 0) < $3),
due AS (
  SELECT t.kind, first.seq, CASE WHEN first.attempts = 0 THEN
    CASE WHEN before.task_id IS NULL OR before.steps = 0 AND before.state = 'pending' THEN t.sealed_at
      ELSE coalesce(before.stepped_at, t.updated_at) END END AS since
  FROM first_accepted t
  CROSS JOIN LATERAL generate_series(0, greatest(least(t.lanes, t.total_chunks), 1) - 1) AS lane
  CROSS JOIN LATERAL (
    SELECT p.seq, p.attempts FROM xforce.task_chunks p
    WHERE p.task_id = t.task_id AND p.state = 'pending'
      AND CASE WHEN t.total_chunks = 0 THEN p.seq = $1 ELSE p.seq >= 0 AND p.seq % t.lanes = lane END
    ORDER BY p.seq LIMIT 1) AS first
  LEFT JOIN LATERAL (
    SELECT b.task_id, b.steps, b.state, b.stepped_at FROM xforce.task_chunks b
    WHERE first.attempts = 0 AND b.task_id = t.task_id
      AND b.seq = CASE WHEN t.kind <> $2 OR first.seq = $1 THEN first.seq WHEN first.seq < t.lanes THEN $1 ELSE first.seq - t.lanes END
    LIMIT 1) AS before ON TRUE)
SELECT kind, status, 0 AS seq, count(*), NULL::interval FROM unfinished GROUP BY kind, status
UNION ALL
SELECT kind, '', least(seq, 0), count(*), clock_timestamp() - min(since) FROM due GROUP BY kind, least(seq, 0)`

// standingLanes bounds at how many lanes of each kind's operations is looked, those first that were accepted first: they are what it costs, two
// thirds of a second for so many on a busy machine.
const standingLanes = 40_000

// Stats tells how the work stands, for those who watch: of a long backlog, what is due in the first 40,000 lanes of each kind, which are
// 5,000 imports of eight. It looks at each of them: read it now and then.
func (s *Store) Stats(ctx context.Context) (now job.Stats, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		// The planner guesses a thousand lanes for each operation, and would compile a query that takes a moment.
		if _, err := tx.Exec(ctx, `SET LOCAL jit = off`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, standing, job.SplitSeq, operation.Import, standingLanes)
		if err != nil {
			return err
		}
		now, err = collectStanding(rows)
		return err
	})
	if err != nil {
		return job.Stats{}, fmt.Errorf("reading how the work stands: %w", err)
	}
	return now, nil
}

func collectStanding(rows pgx.Rows) (now job.Stats, err error) {
	var (
		kind   operation.Kind
		state  operation.State
		seq    int
		count  int
		oldest *time.Duration
	)
	_, err = pgx.ForEachRow(rows, []any{&kind, &state, &seq, &count, &oldest}, func() error {
		if state != "" {
			now.Operations = append(now.Operations, job.OperationCount{Kind: kind, State: state, Count: count})
			return nil
		}
		due := job.DueCount{Kind: job.KindOf(kind, seq), Chunks: count}
		if oldest != nil {
			due.Oldest = max(*oldest, 0) // a clock may be set back
		}
		now.Due = append(now.Due, due)
		return nil
	})
	return now, err
}
