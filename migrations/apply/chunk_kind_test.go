package apply

import "testing"

// TestChunkKind checks migration 0006 in both directions: it sets the kind of rows that exist, and
// of rows that a program of the release before inserts afterwards, which knows a split by the
// number -1 only.
func TestChunkKind(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	if _, err := (Migrator{DatabaseURL: address, files: firstMigrations(t, 5)}).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, address)
	const (
		insertTask  = `INSERT INTO xforce.tasks (task_id, task_reference, kind, status) VALUES (gen_random_uuid(), `
		insertChunk = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload)
SELECT task_id, seq, 1, 0, '' FROM xforce.tasks, generate_series(-1, 1) AS seq
WHERE task_id NOT IN (SELECT task_id FROM xforce.task_chunks)`
	)
	mustExec(t, conn, insertTask+"'before', 'import', 'receiving')", insertChunk)
	if _, err := Up(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	mustExec(t, conn, insertTask+"'after', 'import', 'receiving')", insertChunk)
	for _, reference := range []string{"before", "after"} {
		var kinds string
		const selectKinds = `
SELECT string_agg(c.kind, ' ' ORDER BY c.seq) FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id) WHERE t.task_reference = $1`
		if err := conn.QueryRow(t.Context(), selectKinds, reference).Scan(&kinds); err != nil {
			t.Fatal(err)
		}
		if want := "split step step"; kinds != want {
			t.Errorf("kinds of the chunks inserted %s the migration = %q, want %q", reference, kinds, want)
		}
	}
}
