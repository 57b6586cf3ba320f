package apply

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/grants"
)

// beforeTenants is the last migration without tenants.
const beforeTenants = 17

// TestUpgradeToTenants: operations in every state, unfinished uploads and due chunks of a release
// without tenants belong to the default tenant, with their ids and numbers, and programs of that
// release go on beside the new ones.
func TestUpgradeToTenants(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	conn := connect(t, address)
	old := Migrator{DatabaseURL: address, files: firstMigrations(t, beforeTenants)}
	if _, err := old.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	const insertOld = `
INSERT INTO xforce.tasks (task_id, task_reference, task_name, kind, collection, lanes, labels, retention, status)
VALUES (gen_random_uuid(), md5(random()::text), 'import books', 'import', 'books', 1, '{"team":"data"}', '7 days', 'receiving')`
	const sealOld = `
UPDATE xforce.tasks SET status = 'waiting', number = nextval('xforce.task_numbers'), total_records = 2, total_chunks = 1, sealed_at = clock_timestamp()
WHERE status = 'receiving' AND request IS NULL`
	mustExec(t, conn,
		insertOld, insertOld, insertOld, insertOld, insertOld, sealOld,
		`UPDATE xforce.tasks SET status = (ARRAY['waiting','running','succeeded','failed','cancelled'])[number]`,
		insertOld, `UPDATE xforce.tasks SET request = '{}' WHERE status = 'receiving'`,
		`INSERT INTO xforce.upload_parts (task_id, part, version, byte_count, digest)
SELECT task_id, 1, gen_random_uuid(), 4, '' FROM xforce.tasks WHERE status = 'receiving'`,
		`INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload)
SELECT task_id, 0, 1, 2, '' FROM xforce.tasks WHERE status <> 'receiving'`,
		`CREATE TABLE kept AS SELECT task_id, number, status, revision FROM xforce.tasks`,
	)
	if _, err := Up(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	expect := func(name string, want int, query string) {
		t.Helper()
		if got := number(t, conn, query); got != want {
			t.Errorf("%s = %d, want %d", name, got, want)
		}
	}
	expect("operations as before", 6, `
SELECT count(*) FROM xforce.tasks t JOIN kept k USING (task_id, status, revision)
WHERE t.number IS NOT DISTINCT FROM k.number AND tenant = 'default' AND public_id IS NULL AND public_number IS NULL`)
	expect("labels", 5, `SELECT count(*) FROM xforce.task_labels WHERE label = xforce.label_hash('default', 'team=data')`)

	mustExec(t, conn, insertOld, sealOld,
		`UPDATE xforce.tasks SET status = 'running', created_records = 2, imported_records = 2 WHERE number = 6`,
		`UPDATE xforce.tasks SET status = 'succeeded', finished_at = clock_timestamp() WHERE number = 6`)
	expect("operations of the old program", 1, `SELECT count(*) FROM xforce.tasks WHERE tenant = 'default' AND number = 6 AND public_number IS NULL`)

	const insertNew = `
INSERT INTO xforce.tasks (task_id, task_reference, kind, collection, status, tenant, public_id, number)
VALUES (gen_random_uuid(), md5(random()::text), 'search', 'books', 'waiting', $1, gen_random_uuid(), nextval('xforce.task_numbers'))`
	for _, tenant := range []string{"a", "b", "a"} {
		if _, err := conn.Exec(t.Context(), insertNew, tenant); err != nil {
			t.Fatal(err)
		}
	}
	expect("the second number of tenant a", 2, `SELECT max(public_number) FROM xforce.tasks WHERE tenant = 'a'`)
	expect("the first number of tenant b", 1, `SELECT max(public_number) FROM xforce.tasks WHERE tenant = 'b'`)
}

func number(t *testing.T, conn *pgx.Conn, query string) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// TestOldWorkersCopy: workers of the release before tenants write rejected records by COPY, which
// Postgres refuses on a table with row-level security.
func TestOldWorkersCopy(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	api, _ := newRole(t, database, "api")
	worker, address := newRole(t, database, "worker")
	if _, err := (Migrator{DatabaseURL: database, Roles: map[grants.Role]string{grants.API: api, grants.Worker: worker}}).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, database)
	if n := number(t, conn, `SELECT count(*) FROM pg_class WHERE relrowsecurity AND relnamespace = 'xforce'::regnamespace`); n != len(grants.ProtectedTables()) {
		t.Errorf("%d tables have row-level security, want %d", n, len(grants.ProtectedTables()))
	}
	mustExec(t, conn, `
INSERT INTO xforce.tasks (task_id, task_reference, kind, status) VALUES ('00000000-0000-7000-8000-000000000001', 'X', 'import', 'receiving')`)
	id := [16]byte{6: 0x70, 8: 0x80, 15: 1}
	rows := pgx.CopyFromRows([][]any{{id, id, "FAILED", "{}", 1, "[]", []byte("{}")}})
	columns := []string{"progress_id", "task_id", "status", "record", "row_number", "reasons", "received"}
	if _, err := connect(t, address).CopyFrom(t.Context(), pgx.Identifier{"xforce", "task_progress"}, columns, rows); err != nil {
		t.Errorf("COPY of a rejected record = %v, want none", err)
	}
}
