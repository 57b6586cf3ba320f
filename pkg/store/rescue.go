package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// DueChunks returns the first pending chunk of every lane of the live operations of a kind, which
// should be queued or processed by now, in the order of acceptance. If an operation has none, it returns
// the first chunk with records that await their parents. It omits chunks that are held: see
// Share. A multipart upload that is not split yet has one due chunk, its split.
//
// One call looks at no more than limit operations, those after a number. next is where the following
// call continues; 0 after the last operation.
func (s *Store) DueChunks(ctx context.Context, kind operation.Kind, after int64, limit int) (due []job.Due, next int64, err error) {
	const selectDue = `
WITH t AS MATERIALIZED (
  SELECT task_id, number, lanes, total_chunks FROM xforce.tasks
  WHERE kind = $1 AND status IN ('waiting', 'running') AND number > $2 ORDER BY number LIMIT $3)
SELECT t.task_id, first.seq, first.kind = 'split'
FROM t JOIN (
  SELECT t.task_id, first.seq, first.kind FROM t ` + firstOfLanes + `
  UNION ALL SELECT t.task_id, c.seq, c.kind FROM t CROSS JOIN LATERAL (
    SELECT seq, kind FROM xforce.task_chunks WHERE task_id = t.task_id AND state = 'awaiting' ORDER BY seq LIMIT 1) AS c
  WHERE NOT EXISTS (SELECT FROM xforce.task_chunks p WHERE p.task_id = t.task_id AND p.state = 'pending')
) AS first USING (task_id)
WHERE NOT EXISTS (SELECT FROM xforce.held_chunks h WHERE h.task_id = t.task_id AND h.seq = first.seq)
ORDER BY t.number, first.seq`
	const selectNext = `
SELECT number FROM xforce.tasks
WHERE kind = $1 AND status IN ('waiting', 'running') AND number > $2 ORDER BY number OFFSET $3 - 1 LIMIT 1`
	scan := func(row pgx.CollectableRow) (d job.Due, err error) {
		var isSplit bool
		err = row.Scan(&d.OperationID, &d.Seq, &isSplit)
		d.Kind = jobKind(kind, isSplit)
		return d, err
	}
	// The end is read first: operations that finish meanwhile only make the page longer.
	err = s.pool.QueryRow(ctx, selectNext, kind, after, limit).Scan(&next)
	if err != nil && !isNoRows(err) {
		return nil, 0, fmt.Errorf("finding due chunks: %w", err)
	}
	due, err = collect(ctx, s.pool, "finding due chunks", scan, selectDue, kind, after, limit)
	return due, next, err
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
WHERE c.state <> 'done'
FOR UPDATE OF c SKIP LOCKED`
	ids := make([]uuid.UUID, len(chunks))
	seqs := make([]int, len(chunks))
	for i, c := range chunks {
		ids[i], seqs[i] = c.OperationID, c.Seq
	}
	return collect(ctx, s.pool, "finding unlocked chunks", pgx.RowToStructByPos[job.Chunk], unlocked, ids, seqs)
}

// Traceparents returns the trace contexts of those operations that have one.
func (s *Store) Traceparents(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	const traceparents = `SELECT task_id, traceparent FROM xforce.tasks WHERE task_id = ANY ($1) AND traceparent IS NOT NULL`
	type kept struct {
		ID          uuid.UUID
		Traceparent string
	}
	found, err := collect(ctx, s.pool, "reading trace contexts", pgx.RowToStructByPos[kept], traceparents, ids)
	byID := make(map[uuid.UUID]string, len(found))
	for _, one := range found {
		byID[one.ID] = one.Traceparent
	}
	return byID, err
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
