package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// logCommits records at the end of each transaction that changes a chunk whether its COMMIT waits for the
// disk.
const logCommits = `
CREATE TABLE public.commits (n SERIAL, setting TEXT);
CREATE FUNCTION public.log_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.commits (setting) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER log_commit AFTER UPDATE ON xforce.task_chunks DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION public.log_commit()`

// TestBeginAttemptDurable: the first attempt of a chunk need not outlast a crash of Postgres while its
// operation runs, unless Postgres has crashed since the operation started: the chunk may have caused that.
func TestBeginAttemptDurable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.seal(t, 1, 1, 1)
	if _, err := f.store.BeginAttempt(t.Context(), of(before, 0), operation.Import); err != nil { // the first one since Postgres runs
		t.Fatal(err)
	}
	f.exec(t, logCommits)
	op := f.seal(t, 4, 4, 1)
	attempt := func(seq int) {
		t.Helper()
		if _, err := f.store.BeginAttempt(t.Context(), of(op, seq), operation.Import); err != nil {
			t.Fatal(err)
		}
	}
	attempt(0)                                  // makes the operation run
	attempt(1)                                  // a first attempt
	attempt(1)                                  // a second one
	f.exec(t, `DELETE FROM xforce.server_runs`) // what a crash does
	attempt(2)
	attempt(3)
	rows, err := f.sql.Query(t.Context(), `SELECT setting FROM public.commits ORDER BY n`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"on", "off", "on", "on", "on"}, got); diff != "" {
		t.Errorf("synchronous_commit of the attempts (-want +got):\n%s", diff)
	}
}
