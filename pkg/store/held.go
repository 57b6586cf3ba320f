package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
)

// Share is what an owner may have in a queue at a time.
type Share struct {
	// Owner is the client that started the operations.
	Owner string
	Kind  job.Kind
	// Limit is the maximum number of entries.
	Limit int
}

// entriesAhead counts the entries that an owner's operations before an operation may have in a queue. A small import
// counts as a part of an entry, because many are processed together. It reads no more operations than the limit times the
// greatest number of small imports that count as one entry.
const entriesAhead = `
SELECT coalesce(sum(entries), 0)::real AS entries FROM (
  SELECT CASE WHEN t.kind = 'import' AND t.total_chunks = 1 THEN greatest(t.total_records / 5000.0, 0.04)
    ELSE greatest(least(t.lanes, t.total_chunks - t.done_chunks), 1) END AS entries FROM xforce.tasks t
  WHERE t.owner = $1 AND t.kind = $2 AND t.status IN ('waiting', 'running') AND (t.total_chunks = 0) = $3
    AND t.number < (SELECT number FROM xforce.tasks WHERE task_id = $5)
  LIMIT $7 * 25) AS others`

// notDurable is an expression after which the commit of the transaction does not wait for the disk. Rows
// of held_chunks need not survive a crash of Postgres.
const notDurable = `set_config('synchronous_commit', 'off', TRUE)`

// holdIfFull holds chunks if their owner's share is used up. Chunks that are held already come first.
const holdIfFull = `
WITH ahead AS (` + entriesAhead + `),
before AS (SELECT EXISTS (SELECT FROM xforce.held_chunks WHERE owner = $1 AND kind = $4) AS held),
kept AS (
  INSERT INTO xforce.held_chunks (owner, kind, task_id, seq)
  SELECT $1, $4, task_id, $6::int FROM ahead, before, unnest($8::uuid[]) AS task_id WHERE before.held OR ahead.entries + greatest($6::int, 0) >= $7
  ON CONFLICT DO NOTHING RETURNING seq)
SELECT EXISTS (SELECT FROM kept), before.held, $7 - ahead.entries - greatest($6::int, 0) - 1, ` + notDurable + ` FROM ahead, before`

// Hold decides whether an entry that became due is queued or held until a step of its owner ends. The
// operations are counted in the order of their acceptance, so that of concurrent requests the first
// ones are queued. If the entry is not held, room is how many more the owner may have.
func (s *Store) Hold(ctx context.Context, share Share, e job.Entry) (held bool, room float32, err error) {
	var others bool
	ids := append([]uuid.UUID{e.OperationID}, e.More...)
	err = s.pool.QueryRow(ctx, holdIfFull, share.Owner, share.Kind.Operation(), share.Kind == job.Split, share.Kind,
		e.OperationID, e.Seq, share.Limit, ids).Scan(&held, &others, &room, nil)
	if err != nil {
		return false, 0, fmt.Errorf("holding a chunk: %w", err)
	}
	if !held || others {
		return held, room, nil
	}
	return s.keepIfAhead(ctx, share, e)
}

// keepIfAhead takes back the hold of an owner's only held entry if nothing of the owner is queued any
// more: the last step may have ended before the chunk was held, and then no step would release it.
func (s *Store) keepIfAhead(ctx context.Context, share Share, e job.Entry) (held bool, room float32, err error) {
	const release = `
WITH ahead AS (` + entriesAhead + `)
DELETE FROM xforce.held_chunks h USING ahead
WHERE h.owner = $1 AND h.kind = $4 AND h.task_id = ANY ($8) AND h.seq = $6 AND ahead.entries = 0 AND h.seq <= 0`
	deleted, err := s.pool.Exec(ctx, release, share.Owner, share.Kind.Operation(), share.Kind == job.Split, share.Kind,
		e.OperationID, e.Seq, share.Limit, append([]uuid.UUID{e.OperationID}, e.More...))
	if err != nil {
		return true, 0, nil //nolint:nilerr // the chunk is held, and the janitor releases it
	}
	return deleted.RowsAffected() == 0, 0, nil
}

// anyHeld is true if chunks of a kind are held for the owner of the row in xforce.tasks.
func anyHeld(kind job.Kind) string {
	return fmt.Sprintf(`EXISTS (SELECT FROM xforce.held_chunks h WHERE h.owner = tasks.owner AND h.kind = '%s')`, kind)
}

// releaseHeld exchanges chunks for the first held chunk that is still due, and if that is a whole import, for some of the
// next ones that can be processed together with it (see Candidate.Like), with 5,000 records at most: a quarter of those that
// are near, so that other entries find some too. Those of finished operations before it are left to DropHeld.
const releaseHeld = `
WITH first AS MATERIALIZED (
  SELECT h.position, t.* FROM xforce.held_chunks h JOIN xforce.tasks t USING (task_id) JOIN xforce.task_chunks c USING (task_id, seq)
  WHERE h.owner = $1 AND h.kind = $2 AND c.state <> 'done' AND t.status = ANY ($3)
  ORDER BY h.position LIMIT 1 FOR UPDATE OF h SKIP LOCKED),
near AS (SELECT least(count(*) / 4, 99) AS n FROM xforce.held_chunks h, first
  WHERE h.owner = $1 AND h.kind = $2 AND h.position > first.position AND h.position <= first.position + 1000),
others AS MATERIALIZED (
  SELECT h.position, t.total_records FROM first, xforce.held_chunks h JOIN xforce.tasks t USING (task_id)
  WHERE h.owner = $1 AND h.kind = $2 AND h.position > first.position AND h.position <= first.position + 1000
    AND $2 = 'import:chunk' AND first.total_chunks = 1 AND t.total_chunks = 1 AND first.status = 'waiting' AND t.status = 'waiting'
    AND (t.tenant, t.collection, t.collection_version, t.write_options::text, t.caller_role, t.caller_claims::text) IS NOT DISTINCT FROM
      (first.tenant, first.collection, first.collection_version, first.write_options::text, first.caller_role, first.caller_claims::text)
  ORDER BY h.position LIMIT (SELECT n FROM near) FOR UPDATE OF h SKIP LOCKED),
released AS (
  DELETE FROM xforce.held_chunks h WHERE h.owner = $1 AND h.kind = $2
    AND h.position IN (SELECT position FROM first UNION ALL
      SELECT position FROM (SELECT position, sum(total_records) OVER (ORDER BY position) AS records FROM others) AS o
        WHERE records + (SELECT total_records FROM first) <= 5000)
  RETURNING h.position, h.task_id, h.seq),
kept AS (
  INSERT INTO xforce.held_chunks (owner, kind, task_id, seq)
  SELECT $1, $2, following.task_id, following.seq FROM first, unnest($4::uuid[], $5::int[]) AS following (task_id, seq)
  ON CONFLICT DO NOTHING)
SELECT c.task_id, c.seq, c.steps, t.kind = 'import' AND t.total_chunks = 1 AND t.status = 'waiting', ` + notDurable + `
FROM released JOIN xforce.task_chunks c USING (task_id, seq) JOIN xforce.tasks t USING (task_id) ORDER BY released.position`

// Release exchanges the place of a finished entry: it holds the chunks that follow it behind the
// owner's other held chunks, and returns the first held one, to be queued, perhaps with others in its entry. If none is
// held, it returns the chunks that follow, and after an error too.
//
// The transaction need not survive a crash of Postgres: a chunk that is held again although it was
// released is delivered twice at most, and one whose hold is lost is dispatched by the janitor.
func (s *Store) Release(ctx context.Context, owner string, kind job.Kind, following []Next) (due []Next, err error) {
	ids, seqs := make([]uuid.UUID, len(following)), make([]int, len(following))
	for i, next := range following {
		ids[i], seqs[i] = next.OperationID, next.Seq
	}
	scan := func(row pgx.CollectableRow) (n Next, err error) {
		n.Kind = kind
		return n, row.Scan(&n.OperationID, &n.Seq, &n.Steps, &n.Whole, nil)
	}
	released, err := collect(ctx, s.pool, "releasing a held chunk", scan, releaseHeld, owner, kind, liveStates, ids, seqs)
	if err != nil || len(released) == 0 {
		return following, err
	}
	first := released[0]
	for _, next := range released[1:] {
		first.More = append(first.More, next.OperationID)
	}
	return []Next{first}, nil
}

// DropHeld deletes the held chunks of operations that are finished or deleted.
func (s *Store) DropHeld(ctx context.Context) error {
	const drop = `
DELETE FROM xforce.held_chunks h
WHERE NOT EXISTS (SELECT FROM xforce.tasks t WHERE t.task_id = h.task_id AND t.status = ANY ($1))`
	if _, err := s.pool.Exec(ctx, drop, liveStates); err != nil {
		return fmt.Errorf("deleting held chunks: %w", err)
	}
	return nil
}

// HeldShares returns the owners that have held chunks, for each kind of work. Limit is how many chunks
// are held.
func (s *Store) HeldShares(ctx context.Context) ([]Share, error) {
	const held = `SELECT owner, kind, count(*) FROM xforce.held_chunks GROUP BY owner, kind`
	return collect(ctx, s.pool, "counting held chunks", pgx.RowToStructByPos[Share], held)
}

// Queued returns how many due chunks of an owner are not held, at most share.Limit: they are queued,
// being processed, or lost by the queue.
func (s *Store) Queued(ctx context.Context, share Share) (n int, err error) {
	const queued = `
SELECT count(*) FROM (
  SELECT FROM xforce.tasks t ` + firstOfLanes + `
  LEFT JOIN xforce.held_chunks h ON h.task_id = t.task_id AND h.seq = first.seq
  WHERE t.owner = $1 AND t.kind = $2 AND t.status IN ('waiting', 'running') AND (first.kind = 'split') = $3 AND h.seq IS NULL
  ORDER BY t.number LIMIT $4) AS due`
	err = s.pool.QueryRow(ctx, queued, share.Owner, share.Kind.Operation(), share.Kind == job.Split, share.Limit).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting the due chunks of an owner: %w", err)
	}
	return n, nil
}

// firstOfLanes joins the first pending chunk of every lane of the operation t. A multipart upload that
// is not split yet has one, its split.
const firstOfLanes = `
CROSS JOIN LATERAL generate_series(0, greatest(least(t.lanes, t.total_chunks), 1) - 1) AS lane
JOIN LATERAL (
  SELECT p.seq, p.kind FROM xforce.task_chunks p
  WHERE p.task_id = t.task_id AND p.state = 'pending'
    AND CASE WHEN t.total_chunks = 0 THEN p.kind = 'split' ELSE p.kind = 'step' AND p.seq % t.lanes = lane END
  ORDER BY p.seq LIMIT 1) AS first ON TRUE`
