package store_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestRowOfSeedColumns: a row with only the columns of xforce.tasks that seed 000 prints can be inserted.
func TestRowOfSeedColumns(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), storetest.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var kind string
	err = conn.QueryRow(t.Context(), `
INSERT INTO xforce.tasks (task_id, task_reference, task_name, status, progress, total_records, imported_records, failed_records, error_message,
  is_active, created_at, updated_at)
VALUES (gen_random_uuid(), 'HD6EKSD8DO9', 'Import tools', 'receiving', 0, 0, 0, 0, NULL, TRUE, now(), now()) RETURNING kind`).Scan(&kind)
	if err != nil || kind != "import" {
		t.Errorf("INSERT = %q, %v, want the kind import", kind, err)
	}
}
