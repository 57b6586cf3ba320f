package audit

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/pkg/storetest"
)

// finished inserts a finished import of five records in two chunks, one of them failed, a search with
// two blocks of output, and a tombstone. It disables the triggers, which would record later changes.
const finished = `
INSERT INTO xforce.tasks (task_id, task_reference, status, total_records, kind, collection, number, total_chunks)
VALUES ('00000000-0000-7000-8000-000000000001', 'A', 'waiting', 5, 'import', 'tools', 1, 2),
  ('00000000-0000-7000-8000-000000000003', 'B', 'waiting', 0, 'search', 'tools', 2, 1),
  ('00000000-0000-7000-8000-000000000004', 'C', 'waiting', 1, 'import', 'tools', 3, 1);
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, state, created_records, updated_records, superseded_records,
  failed_records, payload)
VALUES ('00000000-0000-7000-8000-000000000001', -1, 1, 0, 'done', 0, 0, 0, 0, ''),
  ('00000000-0000-7000-8000-000000000001', 0, 1, 3, 'done', 2, 1, 0, 0, ''),
  ('00000000-0000-7000-8000-000000000001', 1, 4, 2, 'done', 0, 0, 1, 1, ''),
  ('00000000-0000-7000-8000-000000000003', 0, 1, 0, 'done', 0, 0, 0, 0, '');
INSERT INTO xforce.task_progress (progress_id, task_id, status, record, row_number, reasons, received)
VALUES (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'COMPLETED', '{"chunk": 0, "first_row": 1, "last_row": 3}', NULL, NULL, NULL),
  (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'COMPLETED', '{"chunk": 1, "first_row": 4, "last_row": 5}', NULL, NULL, NULL),
  (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'FAILED', '{}', 5, '[]', '');
INSERT INTO xforce.task_outputs (task_id, stage, seq, row_count, byte_offset, byte_count, payload)
VALUES ('00000000-0000-7000-8000-000000000003', 'rows', 0, 1, 0, 10, ''), ('00000000-0000-7000-8000-000000000003', 'rows', 1, 1, 10, 5, '');
UPDATE xforce.tasks SET status = 'running';
UPDATE xforce.tasks SET status = 'succeeded', progress = 100, imported_records = 4, failed_records = 1, created_records = 2, updated_records = 1,
  superseded_records = 1, done_chunks = 2, finished_at = now() WHERE task_reference = 'A';
UPDATE xforce.tasks SET status = 'succeeded', progress = 100, done_chunks = 1, finished_at = now() WHERE task_reference = 'B';
UPDATE xforce.tasks SET status = 'cancelled', finished_at = now() WHERE task_reference = 'C';
UPDATE xforce.tasks SET is_active = FALSE, expires_at = now(), reclaimed_at = now() WHERE task_reference = 'C';
DELETE FROM xforce.task_events WHERE task_id = '00000000-0000-7000-8000-000000000004';
ALTER TABLE xforce.tasks DISABLE TRIGGER USER`

const (
	addUp             = "the counts of an operation add up"
	chunkSums         = "the sums over the chunks of an import are its counts"
	oneChunk          = "a search or a report counts no records and has one chunk without rows"
	failedRows        = "each failed record has one FAILED row"
	doneRows          = "each done chunk has one COMPLETED row"
	noOtherRows       = "COMPLETED rows belong to done chunks"
	failedInChunk     = "the failed records of a chunk are counted by it"
	contiguousRows    = "the rows of chunks are contiguous"
	contiguousBlocks  = "the blocks of an output are contiguous"
	contiguousEvents  = "the event numbers of an operation are contiguous"
	lastEvent         = "the last event of an operation has its status and counts"
	legalTransition   = "the events of an operation follow the table of transitions"
	neverDecrease     = "the counts of an operation never decrease"
	tombstoneFinished = "a tombstone is finished and has the time of its expiry"
	purged            = "a purged tombstone has no dependents"
	noOrphans         = "dependents belong to an existing operation"
)

// TestViolations makes the tables inconsistent in one place at a time and expects the audit to find it.
func TestViolations(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, change string
		want         []string
	}{
		{"nothing", `SELECT 1`, nil},
		{"progress", `UPDATE xforce.tasks SET progress = 99 WHERE number = 1`, []string{addUp}},
		{"one_more_created", `UPDATE xforce.tasks SET created_records = 3, updated_records = 0 WHERE number = 1`, []string{chunkSums, lastEvent}},
		{
			"one_lost", `UPDATE xforce.tasks SET created_records = 1, imported_records = 3, progress = 80 WHERE number = 1`,
			[]string{addUp, chunkSums, lastEvent},
		},
		{"total", `UPDATE xforce.tasks SET total_records = 6, progress = 83 WHERE number = 1`, []string{addUp, chunkSums, lastEvent}},
		{"done_chunks", `UPDATE xforce.tasks SET done_chunks = 1 WHERE number = 1`, []string{chunkSums, noOtherRows}},
		{
			"chunk_counts", `UPDATE xforce.task_chunks SET created_records = 1, updated_records = 2 WHERE seq = 0 AND row_count > 0`,
			[]string{chunkSums},
		},
		{"chunk_not_done", `UPDATE xforce.task_chunks SET state = 'pending' WHERE seq = 0 AND row_count > 0`, []string{chunkSums, doneRows}},
		{"failed_row_lost", `DELETE FROM xforce.task_progress WHERE status = 'FAILED'`, []string{failedRows, failedInChunk}},
		{"failed_row_moved", `UPDATE xforce.task_progress SET row_number = 3 WHERE status = 'FAILED'`, []string{failedInChunk, failedInChunk}},
		{"completed_row_lost", `DELETE FROM xforce.task_progress WHERE record->>'chunk' = '1'`, []string{doneRows, noOtherRows}},
		{
			"completed_row_twice", `INSERT INTO xforce.task_progress (progress_id, task_id, status, record)
			SELECT gen_random_uuid(), task_id, status, record FROM xforce.task_progress WHERE record->>'chunk' = '1'`,
			[]string{doneRows, noOtherRows},
		},
		{
			"completed_row_of_other_rows", `UPDATE xforce.task_progress SET record = record || '{"last_row": 4}' WHERE record->>'chunk' = '1'`,
			[]string{doneRows},
		},
		{"gap", `UPDATE xforce.task_chunks SET first_row = 5 WHERE seq = 1`, []string{doneRows, contiguousRows}},
		{"overlap", `UPDATE xforce.task_chunks SET seq = 2 WHERE seq = 1`, []string{doneRows, contiguousRows}},
		{"search_with_rows", `UPDATE xforce.task_chunks SET row_count = 1, state = 'pending' WHERE task_id = '00000000-0000-7000-8000-000000000003'`, []string{oneChunk}},
		{"search_unfinished", `UPDATE xforce.tasks SET done_chunks = 0 WHERE kind = 'search'`, []string{oneChunk}},
		{"output_lost", `DELETE FROM xforce.task_outputs WHERE seq = 0`, []string{contiguousBlocks}},
		{"output_overlaps", `UPDATE xforce.task_outputs SET byte_offset = 9 WHERE seq = 1`, []string{contiguousBlocks}},
		{
			"event_lost", `DELETE FROM xforce.task_events WHERE revision = 2 AND task_id = '00000000-0000-7000-8000-000000000003'`,
			[]string{contiguousEvents},
		},
		{"event_too_many", `UPDATE xforce.tasks SET revision = 2 WHERE kind = 'search'`, []string{contiguousEvents, lastEvent}},
		{"after_the_end", `UPDATE xforce.task_events SET status = 'succeeded' WHERE revision = 2 AND task_id = '00000000-0000-7000-8000-000000000003'`, []string{legalTransition}},
		{"begins_running", `UPDATE xforce.task_events SET status = 'running' WHERE revision = 1 AND task_id = '00000000-0000-7000-8000-000000000003'`, []string{legalTransition}},
		{"count_back", `UPDATE xforce.task_events SET failed_records = 2 WHERE revision = 2 AND task_id = '00000000-0000-7000-8000-000000000001'`, []string{neverDecrease}},
		{"progress_back", `UPDATE xforce.task_events SET progress = 1 WHERE revision = 1 AND task_id = '00000000-0000-7000-8000-000000000001'`, []string{neverDecrease}},
		{"tombstone_without_date", `UPDATE xforce.tasks SET expires_at = NULL WHERE number = 3`, []string{tombstoneFinished}},
		{"left_behind", `INSERT INTO xforce.upload_parts (task_id, part, version, byte_count, digest)
			VALUES ('00000000-0000-7000-8000-000000000004', 1, gen_random_uuid(), 1, '')`, []string{purged}},
		{
			"orphan", `ALTER TABLE xforce.task_outputs DROP CONSTRAINT task_outputs_task_id_fkey;
			UPDATE xforce.task_outputs SET task_id = '00000000-0000-7000-8000-000000000002'`, []string{noOrphans},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := connect(t)
			for _, statements := range []string{finished, test.change} {
				if _, err := db.Exec(t.Context(), statements); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, v := range violations(t, db) {
				got = append(got, v.invariant)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("violations() (-want +got):\n%s", diff)
			}
		})
	}
}

func connect(t *testing.T) *pgxpool.Pool {
	t.Helper()
	db, err := pgxpool.New(context.Background(), storetest.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}
