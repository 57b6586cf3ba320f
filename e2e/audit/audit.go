// Package audit holds the tables against each other: what the counts of an operation say, its chunks, its progress rows and its
// rejected records must tell, too (design section 3).
package audit

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/e2e/await"
)

// settleLimit is how long the services may take, after a test, to clear away what broke off.
const settleLimit = 10 * time.Second

// invariant is a query that finds what breaks it; each row it returns is one text.
type invariant struct {
	name  string
	query string
}

var invariants = []invariant{
	{"the counts of an operation add up", `
SELECT format('%s: %s created, %s updated, %s superseded, %s failed, imported %s, of %s', task_id,
  created_records, updated_records, superseded_records, failed_records, imported_records, total_records)
FROM xforce.tasks
WHERE imported_records <> created_records + updated_records + superseded_records
  OR imported_records + failed_records > total_records
  OR status = 'succeeded' AND imported_records + failed_records <> total_records
  OR least(created_records, updated_records, superseded_records, failed_records) < 0
  OR progress <> (imported_records + failed_records)::bigint * 100 / greatest(total_records, 1)`},

	{"the chunks of an operation say the same as its counts", `
SELECT format('%s: chunks say %s, counts say %s', task_id, chunks, counts) FROM (
  SELECT t.task_id,
    (t.created_records, t.updated_records, t.superseded_records, t.failed_records, t.total_records, t.total_chunks, t.done_chunks,
     t.total_records - t.imported_records - t.failed_records)::text AS counts,
    (SELECT (coalesce(sum(c.created_records), 0), coalesce(sum(c.updated_records), 0), coalesce(sum(c.superseded_records), 0),
       coalesce(sum(c.failed_records), 0), coalesce(sum(c.row_count), 0), count(*), count(*) FILTER (WHERE c.state = 'done'),
       coalesce(sum(c.row_count) FILTER (WHERE c.state = 'pending'), 0))::text
     FROM xforce.task_chunks c WHERE c.task_id = t.task_id) AS chunks
  FROM xforce.tasks t WHERE t.is_active) AS both_sides
WHERE chunks <> counts`},

	{"there is one FAILED row for each failed record", `
SELECT format('%s: %s rows, %s failed records', t.task_id, count(p.*), t.failed_records)
FROM xforce.tasks t LEFT JOIN xforce.task_progress p ON p.task_id = t.task_id AND p.status = 'FAILED'
GROUP BY t.task_id HAVING count(p.*) <> t.failed_records`},

	{"there is one COMPLETED row for each done chunk", `
SELECT format('%s: chunk %s has %s rows', c.task_id, c.seq, count(p.*))
FROM xforce.task_chunks c
LEFT JOIN xforce.task_progress p ON p.task_id = c.task_id AND p.status = 'COMPLETED' AND (p.record->>'chunk')::int = c.seq
  AND (p.record->>'first_row')::int = c.first_row AND (p.record->>'last_row')::int = c.first_row + c.row_count - 1
GROUP BY c.task_id, c.seq, c.state HAVING count(p.*) <> (CASE c.state WHEN 'done' THEN 1 ELSE 0 END)`},

	{"there are no COMPLETED rows besides", `
SELECT format('%s: %s rows, %s done chunks', t.task_id, count(p.*), t.done_chunks)
FROM xforce.tasks t LEFT JOIN xforce.task_progress p ON p.task_id = t.task_id AND p.status = 'COMPLETED'
GROUP BY t.task_id HAVING count(p.*) <> t.done_chunks`},

	{"no failed record lies in a chunk that does not count it", `
SELECT format('%s: chunk %s counts %s, rows %s', c.task_id, c.seq, c.failed_records, count(p.*))
FROM xforce.task_chunks c
LEFT JOIN xforce.task_progress p ON p.task_id = c.task_id AND p.status = 'FAILED'
  AND p.row_number BETWEEN c.first_row AND c.first_row + c.row_count - 1
GROUP BY c.task_id, c.seq, c.failed_records HAVING count(p.*) <> c.failed_records`},

	{"no chunk lacks its operation", `
SELECT format('%s: chunk %s', c.task_id, c.seq)
FROM xforce.task_chunks c LEFT JOIN xforce.tasks t USING (task_id) WHERE t.task_id IS NULL`},

	{"the rows of chunks are without a gap", `
SELECT format('%s: chunk %s begins at row %s, not %s', task_id, seq, first_row, expected) FROM (
  SELECT task_id, seq, first_row, row_number() OVER chunks - 1 AS place,
    1 + coalesce(sum(row_count) OVER (chunks ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS expected
  FROM xforce.task_chunks WINDOW chunks AS (PARTITION BY task_id ORDER BY seq)) AS laid_out
WHERE first_row <> expected OR seq <> place`},
}

// unsettled finds what must not be there for long: uploads without a client, imports without an end.
const unsettled = `
SELECT format('%s is %s with %s of %s chunks', task_id, status, done_chunks, total_chunks)
FROM xforce.tasks WHERE status IN ('receiving', 'waiting', 'running')`

// Settled waits until no upload is open and every operation has ended.
func Settled(tb testing.TB, db *pgxpool.Pool) {
	tb.Helper()
	var left []string
	defer func() {
		for _, one := range left {
			tb.Errorf("never settled: operation %s", one)
		}
	}()
	await.Until(tb, settleLimit, "every operation to end", func() bool {
		left = find(tb, db, unsettled)
		return len(left) == 0
	})
}

// Check reports every broken invariant as an error of the test.
func Check(tb testing.TB, db *pgxpool.Pool) {
	tb.Helper()
	for _, b := range broken(tb, db) {
		tb.Errorf("it does not hold that %s: %s", b.invariant, b.where)
	}
}

// breach is one place where an invariant does not hold.
type breach struct {
	invariant, where string
}

// broken finds some places for each invariant, not all.
func broken(tb testing.TB, db *pgxpool.Pool) []breach {
	tb.Helper()
	const most = 5
	var all []breach
	for _, i := range invariants {
		found := find(tb, db, i.query)
		for _, where := range found[:min(len(found), most)] {
			all = append(all, breach{i.name, where})
		}
	}
	return all
}

func find(tb testing.TB, db *pgxpool.Pool, query string) []string {
	tb.Helper()
	ctx := context.Background() // the test's own has ended when its cleanups look
	rows, err := db.Query(ctx, query)
	if err == nil {
		var found []string
		if found, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			return found
		}
	}
	tb.Fatal(fmt.Errorf("auditing: %w, in %s", err, query))
	return nil
}
