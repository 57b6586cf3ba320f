package audit

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/pkg/storetest"
)

// finished is an import of five records in two chunks, one of them failed, as the services leave it.
const finished = `
INSERT INTO xforce.tasks (task_id, task_reference, status, progress, total_records, imported_records, failed_records, kind, collection,
  number, created_records, updated_records, superseded_records, total_chunks, done_chunks)
VALUES ('00000000-0000-7000-8000-000000000001', 'A', 'succeeded', 100, 5, 4, 1, 'import', 'tools', 1, 2, 1, 1, 2, 2);
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, state, created_records, updated_records, superseded_records,
  failed_records, payload)
VALUES ('00000000-0000-7000-8000-000000000001', 0, 1, 3, 'done', 2, 1, 0, 0, ''),
  ('00000000-0000-7000-8000-000000000001', 1, 4, 2, 'done', 0, 0, 1, 1, '');
INSERT INTO xforce.task_progress (progress_id, task_id, status, record, row_number, reasons, received)
VALUES (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'COMPLETED', '{"chunk": 0, "first_row": 1, "last_row": 3}', NULL, NULL, NULL),
  (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'COMPLETED', '{"chunk": 1, "first_row": 4, "last_row": 5}', NULL, NULL, NULL),
  (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'FAILED', '{}', 5, '[]', '')`

const (
	addUp       = "the counts of an operation add up"
	sameChunks  = "the chunks of an operation say the same as its counts"
	failedRows  = "there is one FAILED row for each failed record"
	doneRows    = "there is one COMPLETED row for each done chunk"
	noMoreRows  = "there are no COMPLETED rows besides"
	rightChunk  = "no failed record lies in a chunk that does not count it"
	noOrphans   = "no chunk lacks its operation"
	withoutGaps = "the rows of chunks are without a gap"
)

// TestBroken falsifies the books in one place after the other, and expects that the audit finds it.
func TestBroken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, falsify string
		want          []string
	}{
		{"nothing", `SELECT 1`, nil},
		{"progress", `UPDATE xforce.tasks SET progress = 99`, []string{addUp}},
		{"one_more_created", `UPDATE xforce.tasks SET created_records = 3, updated_records = 0`, []string{sameChunks}},
		{"one_lost", `UPDATE xforce.tasks SET created_records = 1, imported_records = 3, progress = 80`, []string{addUp, sameChunks}},
		{"total", `UPDATE xforce.tasks SET total_records = 6, progress = 83`, []string{addUp, sameChunks}},
		{"done_chunks", `UPDATE xforce.tasks SET done_chunks = 1`, []string{sameChunks, noMoreRows}},
		{"chunk_counts", `UPDATE xforce.task_chunks SET created_records = 1, updated_records = 2 WHERE seq = 0`, []string{sameChunks}},
		{"chunk_not_done", `UPDATE xforce.task_chunks SET state = 'pending' WHERE seq = 0`, []string{sameChunks, doneRows}},
		{"failed_row_lost", `DELETE FROM xforce.task_progress WHERE status = 'FAILED'`, []string{failedRows, rightChunk}},
		{"failed_row_moved", `UPDATE xforce.task_progress SET row_number = 3 WHERE status = 'FAILED'`, []string{rightChunk, rightChunk}},
		{"completed_row_lost", `DELETE FROM xforce.task_progress WHERE record->>'chunk' = '1'`, []string{doneRows, noMoreRows}},
		{"completed_row_twice", `INSERT INTO xforce.task_progress (progress_id, task_id, status, record)
			SELECT gen_random_uuid(), task_id, status, record FROM xforce.task_progress WHERE record->>'chunk' = '1'`, []string{doneRows, noMoreRows}},
		{"completed_row_of_other_rows", `UPDATE xforce.task_progress SET record = record || '{"last_row": 4}' WHERE record->>'chunk' = '1'`, []string{doneRows}},
		{"gap", `UPDATE xforce.task_chunks SET first_row = 5 WHERE seq = 1`, []string{doneRows, withoutGaps}},
		{"overlap", `UPDATE xforce.task_chunks SET seq = 2 WHERE seq = 1`, []string{doneRows, withoutGaps}},
		{
			"orphan", `ALTER TABLE xforce.task_chunks DROP CONSTRAINT task_chunks_task_id_fkey;
			UPDATE xforce.task_chunks SET task_id = '00000000-0000-7000-8000-000000000002' WHERE seq = 1`,
			[]string{sameChunks, doneRows, rightChunk, noOrphans, withoutGaps},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			db := connect(t)
			for _, statements := range []string{finished, test.falsify} {
				if _, err := db.Exec(t.Context(), statements); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, b := range broken(t, db) {
				got = append(got, b.invariant)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("broken invariants (-want +got):\n%s", diff)
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
