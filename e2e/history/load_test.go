package history_test

import (
	"context"
	"flag"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// operations is the length of the history.
var operations = flag.Int("operations", 100_000, "number of finished operations of the history")

// load fills a new database with finished operations of the last eight days, the last accepted
// first: most of them imports that succeeded, few that failed, were cancelled or timed out, few of a
// rare kind, collection or label. One of a hundred belongs to the tenant few. Those older than a week are tombstones.
//
// Triggers and foreign keys are off, and the triggers' rows are inserted by statements of their own. $1
// is the number of operations.
var load = []string{
	`SET session_replication_role = replica`,
	`SET synchronous_commit = off`,
	`
INSERT INTO xforce.tasks (task_id, task_reference, task_name, kind, collection, status, progress, number,
  total_records, imported_records, created_records, failed_records, total_chunks, done_chunks, lanes, revision, labels, request_id, retention,
  created_at, sealed_at, started_at, finished_at, updated_at, is_active, expires_at, reclaimed_at, tenant, public_id, public_number)
SELECT history_id(i), 'R' || i, 'import tools',
  CASE WHEN i % 1009 = 0 THEN 'report' WHEN i % 11 = 0 THEN 'search' ELSE 'import' END,
  CASE WHEN i % 3001 = 0 THEN 'spoons' WHEN i % 3 = 0 THEN 'books' ELSE 'tools' END,
  CASE WHEN i % 2003 = 0 THEN 'failed' WHEN i % 5003 = 0 THEN 'cancelled' WHEN i % 7001 = 0 THEN 'timed_out' ELSE 'succeeded' END,
  100, i, 10, 9, 9, 1, 1, 1, 8, 4,
  CASE WHEN i % 10007 = 0 THEN '{"team": "rare"}' WHEN i % 2 = 0 THEN '{"team": "data"}' ELSE '{}' END::jsonb, 'request-' || i, '7 days',
  at - CASE WHEN i % 97 = 0 THEN interval '1 minute' * (i % 500) ELSE interval '10 milliseconds' END,
  at, at + interval '1 second', at + interval '2 seconds', at + interval '2 seconds', i > $1 / 8,
  CASE WHEN i <= $1 / 8 THEN at + interval '7 days' END, CASE WHEN i <= $1 / 8 THEN at + interval '7 days' END,
  CASE WHEN i % 100 = 7 THEN 'few' ELSE 'default' END, CASE WHEN i % 100 = 7 THEN history_id(i) END, CASE WHEN i % 100 = 7 THEN i / 100 + 1 END
FROM (
  SELECT i, clock_timestamp()::timestamp - ($1 - i) * (interval '8 days' / $1) AS at FROM generate_series(1, $1) AS i) AS history`,
	`
INSERT INTO xforce.task_labels (label, number)
SELECT xforce.label_hash(t.tenant, l.key || '=' || l.value), t.number FROM xforce.tasks t CROSS JOIN jsonb_each_text(t.labels) AS l WHERE t.is_active`,
	`
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, state, created_records, failed_records, outcomes, payload)
SELECT history_id(i), 0, 1, 10, 'done', 9, 1, '\x0a01', 'records' FROM generate_series($1 / 8 + 1, $1) AS i`,
	`
INSERT INTO xforce.task_progress (progress_id, task_id, status, record, row_number, reasons, received)
SELECT gen_random_uuid(), history_id(i), CASE row WHEN 1 THEN 'FAILED' ELSE 'COMPLETED' END, '{}', row, '[]', 'record'
FROM generate_series($1 / 8 + 1, $1) AS i CROSS JOIN unnest('{1, NULL}'::int[]) AS row`,
	`
INSERT INTO xforce.task_outputs (task_id, stage, seq, row_count, byte_offset, byte_count, payload)
SELECT history_id(i), 'rows', 0, 1, 0, 1, '\x0100' FROM generate_series($1 / 8 + 1, $1) AS i WHERE i % 11 = 0`,
	`
INSERT INTO xforce.task_events (task_id, revision, at, status, progress, total_records, created_records, updated_records, superseded_records, failed_records)
SELECT history_id(i), revision, now(), 'running', 0, 10, 0, 0, 0, 0 FROM generate_series($1 / 8 + 1, $1) AS i, generate_series(1, 3) AS revision`,
}

// historyID returns the ids of the history, which ascend in the order of acceptance like those that
// Longshore generates.
const historyID = `
CREATE FUNCTION history_id(i INT) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex(1700000000000 + i), 12, '0') || '7' || substr(md5(i::text), 1, 3) || 'a' || substr(md5(i::text), 4, 15))::uuid $$`

func loadHistory(t *testing.T, sql *pgx.Conn) {
	t.Helper()
	started := time.Now()
	exec(t, sql, historyID)
	for _, statement := range load {
		exec(t, sql, strings.ReplaceAll(statement, "$1", strconv.Itoa(*operations)))
	}
	exec(t, sql, `SELECT setval('xforce.task_numbers', $1)`, *operations)
	exec(t, sql, `RESET session_replication_role`)
	exec(t, sql, `VACUUM ANALYZE`)
	t.Logf("loaded %d operations in %s", *operations, time.Since(started).Round(time.Second))
}

func exec(t *testing.T, sql *pgx.Conn, statement string, args ...any) {
	t.Helper()
	if _, err := sql.Exec(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
