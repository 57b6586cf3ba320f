package store

import (
	"bytes"
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// FailureGroup is a group of reasons, of rejected records, that have the same code and pointer.
type FailureGroup struct {
	Code string
	// Pointer is a JSON pointer to the member, with an asterisk for each index into a list, as in
	// /features/*.
	Pointer string
	// Count is the number of reasons.
	Count int64
	// Operation and Row identify the first record of the group, Message is its reason's message,
	// and Record the record's beginning.
	Operation uuid.UUID
	Row       int
	Message   string
	Record    string
	// Cut means that the record is longer than Record.
	Cut bool
}

// Failures are the largest groups, and the number of all groups and of all reasons.
type Failures struct {
	Groups      []FailureGroup
	TotalGroups int64
	Total       int64
}

// The first record of a group has the smallest pair of the operation's place in the list and the
// row, packed into one number.
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

// GroupFailures groups the reasons of the operations' rejected records and returns at most limit
// groups, the largest first. Each group has at most recordBytes of its first record. The query may
// take long: only the context limits it.
func (s *Store) GroupFailures(ctx context.Context, ids []uuid.UUID, limit, recordBytes int) (Failures, error) {
	var failures Failures
	scan := func(row pgx.CollectableRow) (g FailureGroup, err error) {
		var record []byte
		err = row.Scan(&g.Code, &g.Pointer, &g.Count, &failures.TotalGroups, &failures.Total, &g.Operation, &g.Row, &record, &g.Cut, &g.Message)
		g.Record = string(bytes.ToValidUTF8(record, []byte("\uFFFD")))
		return g, err
	}
	var err error
	failures.Groups, err = collect(ctx, s.pool, "grouping failures", scan, groupFailures, ids, limit, recordBytes)
	return failures, err
}
