package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

// DueChunks finds, for every lane of every live operation, the first chunk that is pending: what should by now be in the
// queue or in a worker's hands. An upload in pieces that is not yet split has one that stands for the splitting. At most limit chunks
// are returned, oldest operations first.
func (s *Store) DueChunks(ctx context.Context, limit int) ([]job.Due, error) {
	const due = `
SELECT t.kind, t.task_id, first.seq
FROM xforce.tasks t
CROSS JOIN LATERAL generate_series(0, greatest(least(t.lanes, t.total_chunks), 1) - 1) AS lane
CROSS JOIN LATERAL (
  SELECT p.seq FROM xforce.task_chunks p
  WHERE p.task_id = t.task_id AND p.state = 'pending'
    AND CASE WHEN t.total_chunks = 0 THEN p.seq = $2 ELSE p.seq >= 0 AND p.seq % t.lanes = lane END
  ORDER BY p.seq LIMIT 1) AS first
WHERE t.status IN ('waiting', 'running') -- the words of the partial index
ORDER BY t.task_id, first.seq
LIMIT $1`
	rows, err := s.pool.Query(ctx, due, limit, job.SplitSeq)
	if err != nil {
		return nil, fmt.Errorf("looking for due chunks: %w", err)
	}
	chunks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d job.Due, err error) {
		var kind operation.Kind
		err = row.Scan(&kind, &d.OperationID, &d.Seq)
		d.Kind = job.KindOf(kind, d.Seq)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading due chunks: %w", err)
	}
	return chunks, nil
}

// Unlocked returns those of the chunks that are pending and in nobody's hands. It locks them for a moment, and a worker that
// comes just then has to come again: ask only about chunks that seem to be lost.
func (s *Store) Unlocked(ctx context.Context, chunks []job.Chunk) ([]job.Chunk, error) {
	const unheld = `
SELECT c.task_id, c.seq
FROM unnest($1::uuid[], $2::int[]) AS asked (task_id, seq)
JOIN xforce.task_chunks c USING (task_id, seq)
WHERE c.state = 'pending'
FOR UPDATE OF c SKIP LOCKED`
	ids := make([]uuid.UUID, len(chunks))
	seqs := make([]int, len(chunks))
	for i, c := range chunks {
		ids[i], seqs[i] = c.OperationID, c.Seq
	}
	rows, err := s.pool.Query(ctx, unheld, ids, seqs)
	if err != nil {
		return nil, fmt.Errorf("looking for unheld chunks: %w", err)
	}
	return collectChunks(rows)
}

func collectChunks(rows pgx.Rows) ([]job.Chunk, error) {
	chunks, err := pgx.CollectRows(rows, pgx.RowToStructByPos[job.Chunk])
	if err != nil {
		return nil, fmt.Errorf("reading chunks: %w", err)
	}
	return chunks, nil
}

// EndStalledSessions ends the sessions of importers whose client has stood still in the middle of a COPY for longer than the
// bound, and returns their process ids. No timeout of Postgres fires there: statement_timeout does not end a
// COPY that waits for its client.
func (s *Store) EndStalledSessions(ctx context.Context, bound time.Duration) ([]int32, error) {
	// Materialized, because a planner that is free to order conditions ends sessions before it has looked whose they are.
	const end = `
WITH stalled AS MATERIALIZED (
  SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND usename = current_user AND application_name = $1
    AND state = 'active' AND wait_event = 'ClientRead' AND query_start < clock_timestamp() - $2::interval)
SELECT pid FROM stalled WHERE pg_terminate_backend(pid)`
	rows, err := s.pool.Query(ctx, end, ImporterSessions, bound)
	if err != nil {
		return nil, fmt.Errorf("ending stalled sessions: %w", err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		return nil, fmt.Errorf("reading stalled sessions: %w", err)
	}
	return pids, nil
}
