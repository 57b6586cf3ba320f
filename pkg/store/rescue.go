package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// DueChunks returns the first pending chunk of every lane of every live operation, which should be
// queued or processed by now. A multipart upload that is not split yet has one due chunk, its
// split. At most limit chunks are returned, those of the oldest operations first.
func (s *Store) DueChunks(ctx context.Context, limit int) ([]job.Due, error) {
	const due = `
SELECT t.kind, t.task_id, first.seq, first.kind = 'split'
FROM xforce.tasks t
CROSS JOIN LATERAL generate_series(0, greatest(least(t.lanes, t.total_chunks), 1) - 1) AS lane
CROSS JOIN LATERAL (
  SELECT p.seq, p.kind FROM xforce.task_chunks p
  WHERE p.task_id = t.task_id AND p.state = 'pending'
    AND CASE WHEN t.total_chunks = 0 THEN p.kind = 'split' ELSE p.kind = 'step' AND p.seq % t.lanes = lane END
  ORDER BY p.seq LIMIT 1) AS first
WHERE t.status IN ('waiting', 'running') -- the condition of the partial index
ORDER BY t.task_id, first.seq
LIMIT $1`
	scan := func(row pgx.CollectableRow) (d job.Due, err error) {
		var kind operation.Kind
		var isSplit bool
		err = row.Scan(&kind, &d.OperationID, &d.Seq, &isSplit)
		d.Kind = jobKind(kind, isSplit)
		return d, err
	}
	return collect(ctx, s.pool, "finding due chunks", scan, due, limit)
}

// jobKind returns the kind of job that processes a chunk. The column task_chunks.kind decides
// whether the chunk is a split.
func jobKind(kind operation.Kind, isSplit bool) job.Kind {
	if isSplit {
		return job.Split
	}
	return job.StepOf(kind)
}

// Unlocked returns those of the chunks that are pending and not locked by a worker. It locks them
// for a moment, which turns away a worker that comes just then, so call it only for chunks that
// seem to be lost.
func (s *Store) Unlocked(ctx context.Context, chunks []job.Chunk) ([]job.Chunk, error) {
	const unlocked = `
SELECT c.task_id, c.seq
FROM unnest($1::uuid[], $2::int[]) AS suspects (task_id, seq)
JOIN xforce.task_chunks c USING (task_id, seq)
WHERE c.state = 'pending'
FOR UPDATE OF c SKIP LOCKED`
	ids := make([]uuid.UUID, len(chunks))
	seqs := make([]int, len(chunks))
	for i, c := range chunks {
		ids[i], seqs[i] = c.OperationID, c.Seq
	}
	return collect(ctx, s.pool, "finding unlocked chunks", pgx.RowToStructByPos[job.Chunk], unlocked, ids, seqs)
}

// EndStalledSessions ends the sessions of importers whose client has sent nothing for the given
// time in the middle of a COPY, and returns their process ids. No timeout of Postgres applies
// there: statement_timeout does not end a COPY that waits for its client.
func (s *Store) EndStalledSessions(ctx context.Context, stalledFor time.Duration) ([]int32, error) {
	// Materialized, because a planner that may reorder the conditions ends sessions before it has
	// checked which ones they are.
	const end = `
WITH stalled AS MATERIALIZED (
  SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND usename = current_user AND application_name = $1
    AND state = 'active' AND wait_event = 'ClientRead' AND query_start < (SELECT clock_timestamp()) - $2::interval)
SELECT pid FROM stalled WHERE pg_terminate_backend(pid)`
	return collect(ctx, s.pool, "ending stalled sessions", pgx.RowTo[int32], end, ImporterSessions, stalledFor)
}
