package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
)

// ReporterSessions is the name that reporters' sessions carry in pg_stat_activity.
const ReporterSessions = "longshore-reporter"

// CheckpointOf reads where an operation that takes many steps stands, without taking it: whoever acts on it must look again under the lock.
// It returns ErrNothingDue when the operation is finished.
func (s *Store) CheckpointOf(ctx context.Context, c job.Chunk) (Checkpoint, error) {
	const read = `
SELECT t.kind, t.number, coalesce(t.collection, ''), t.request, c.cursor, t.result, c.steps
FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'pending' AND t.status = ANY ($3)`
	at := Checkpoint{ID: c.OperationID}
	err := s.pool.QueryRow(ctx, read, c.OperationID, c.Seq, liveStates).
		Scan(&at.Kind, &at.Number, &at.Collection, &at.Request, &at.Cursor, &at.Result, &at.Steps)
	if isNoRows(err) {
		return Checkpoint{}, ErrNothingDue
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("looking at the place: %w", err)
	}
	return at, nil
}

// BeginFile prepares held work that writes a file: under the lock it clears what somebody may have written before, and leaves the cursor that
// tells the writer's own work from that of a writer who lost the lock and does not know it yet. It is no turn: attempts go on counting.
// It returns ErrHeld or ErrNothingDue like RunHeld.
func (s *Store) BeginFile(ctx context.Context, c job.Chunk, cursor json.RawMessage) error {
	const leave = `UPDATE xforce.task_chunks SET cursor = $3 WHERE task_id = $1 AND seq = $2`
	_, err := s.runStep(ctx, c, func(tx pgx.Tx) (Committed, error) {
		if _, err := takeTurn(ctx, tx, c); err != nil {
			return Committed{}, err
		}
		if err := clearOutput(ctx, tx, c.OperationID, FileStage); err != nil {
			return Committed{}, err
		}
		if _, err := tx.Exec(ctx, leave, c.OperationID, c.Seq, cursor); err != nil {
			return Committed{}, fmt.Errorf("beginning a file: %w", err)
		}
		return Committed{}, nil
	})
	return err
}

// ReportProgress says how far held work is, in a transaction of its own. Progress never goes back and is below 100 until the end.
func (s *Store) ReportProgress(ctx context.Context, id uuid.UUID, percent int, phase string) error {
	const tell = `
UPDATE xforce.tasks SET progress = greatest(progress, least($2, 99)), phase = $3, updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($4)`
	if _, err := s.pool.Exec(ctx, tell, id, percent, phase, liveStates); err != nil {
		return fmt.Errorf("telling the progress: %w", err)
	}
	return nil
}

// Extent is how much output there is in a stage.
type Extent struct {
	Pieces int
	Rows   int64
	Bytes  int64
	// Whole reports whether the pieces follow each other without a gap from the first byte on.
	Whole bool
}

const selectExtent = `
SELECT count(*), coalesce(sum(row_count), 0)::bigint, coalesce(sum(byte_count), 0)::bigint, coalesce(bool_and(whole), TRUE)
FROM (
  SELECT row_count, byte_count,
    seq = row_number() OVER by_seq - 1 AND byte_offset = sum(byte_count) OVER by_seq - byte_count AS whole
  FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2
  WINDOW by_seq AS (ORDER BY seq)) AS pieces`

// OutputExtent tells how much output an operation has in a stage.
func (s *Store) OutputExtent(ctx context.Context, id uuid.UUID, stage string) (Extent, error) {
	return readExtent(s.pool.QueryRow(ctx, selectExtent, id, stage))
}

// Extent tells, as part of the turn, how much output there is in a stage.
func (t *ResumableStep) Extent(ctx context.Context, stage string) (Extent, error) {
	return readExtent(t.tx.QueryRow(ctx, selectExtent, t.ID, stage))
}

func readExtent(row pgx.Row) (e Extent, err error) {
	if err := row.Scan(&e.Pieces, &e.Rows, &e.Bytes, &e.Whole); err != nil {
		return e, fmt.Errorf("measuring output: %w", err)
	}
	return e, nil
}

// FailureGroup is what many rejected records have in common.
type FailureGroup struct {
	Code string
	// Pointer leads to the member; the places of items in lists are written as an asterisk, as in /features/*.
	Pointer string
	// Count is how many reasons there are.
	Count int64
	// Operation and Row say where the first of them is, Message what was said about it, and Record is the beginning of the record.
	Operation uuid.UUID
	Row       int
	Message   string
	Record    string
	// Cut tells that the record is longer.
	Cut bool
}

// Failures are the groups with the most reasons, and how many groups and reasons there are in all.
type Failures struct {
	Groups      []FailureGroup
	TotalGroups int64
	Total       int64
}

// The first of a group is the smallest pair of the operation's place in the list and the row, packed into one number.
const groupFailures = `
WITH reasons AS (
  SELECT r.value->>'code' AS code, regexp_replace(r.value->>'pointer', '/[0-9]+(?=/|$)', '/*', 'g') AS pointer,
    (o.place << 32) + p.row_number AS at
  FROM unnest($1::uuid[]) WITH ORDINALITY AS o(task_id, place)
  JOIN xforce.task_progress p ON p.task_id = o.task_id AND p.row_number IS NOT NULL
  CROSS JOIN LATERAL jsonb_array_elements(p.reasons) AS r),
groups AS (SELECT code, pointer, count(*) AS reasons, min(at) AS first FROM reasons GROUP BY code, pointer),
top AS (
  SELECT *, count(*) OVER () AS groups, (sum(reasons) OVER ())::bigint AS total
  FROM groups ORDER BY reasons DESC, code, pointer LIMIT $2)
SELECT top.code, top.pointer, top.reasons, top.groups, top.total, p.task_id, p.row_number,
  substring(p.received FROM 1 FOR $3), octet_length(p.received) > $3,
  (SELECT r.value->>'message' FROM jsonb_array_elements(p.reasons) WITH ORDINALITY AS r(value, place)
   WHERE r.value->>'code' = top.code AND regexp_replace(r.value->>'pointer', '/[0-9]+(?=/|$)', '/*', 'g') = top.pointer
   ORDER BY r.place LIMIT 1)
FROM top JOIN xforce.task_progress p ON p.task_id = ($1::uuid[])[(top.first >> 32)::int] AND p.row_number = (top.first & 4294967295)::int
ORDER BY top.reasons DESC, top.code, top.pointer`

// GroupFailures groups the reasons of the rejected records of operations, at most limit groups, the biggest first. Of each group's first
// record it returns at most recordBytes. It may take long: the context bounds it.
func (s *Store) GroupFailures(ctx context.Context, ids []uuid.UUID, limit, recordBytes int) (Failures, error) {
	var all Failures
	rows, err := s.pool.Query(ctx, groupFailures, ids, limit, recordBytes)
	if err != nil {
		return all, fmt.Errorf("grouping failures: %w", err)
	}
	all.Groups, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (g FailureGroup, err error) {
		var record []byte
		err = row.Scan(&g.Code, &g.Pointer, &g.Count, &all.TotalGroups, &all.Total, &g.Operation, &g.Row, &record, &g.Cut, &g.Message)
		g.Record = string(bytes.ToValidUTF8(record, []byte("\uFFFD")))
		return g, err
	})
	if err != nil {
		return all, fmt.Errorf("grouping failures: %w", err)
	}
	return all, nil
}
