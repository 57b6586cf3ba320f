package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/stack"
)

// TestSearcherKilled kills the only searcher in the middle of a search: another one goes on where it stood.
func TestSearcherKilled(t *testing.T) {
	t.Parallel()
	s := startWithBooks(t, stack.Options{})
	now := post(t, s, `{"collection":"books","query":"rare","limit":10000}`)
	s.WaitForSQL(time.Minute, "the search to be in its middle", `SELECT progress > 20 FROM xforce.tasks WHERE task_id = $1`, now.id())
	s.KillSearcher(0)
	if middle := poll(t, s, now.link("status")); middle.Code != http.StatusAccepted {
		t.Fatal("the search was finished before the fault: give it more records")
	}
	s.StartSearcher(0)
	began := time.Now()
	end := finish(t, s, now)
	t.Logf("it went on and was done %s after the start of the next searcher", time.Since(began))
	found := placesOf(t, end)
	slices.Sort(found)
	if len(found) != rareBooks || len(slices.Compact(found)) != rareBooks || end.Counts.Scanned != books {
		t.Errorf("%s: %d found, %+v", end.Status, len(found), end.Counts)
	}
}

// TestSearcherFrozen freezes one of two searchers, each of which waits for a small result: when it is there, nobody goes on, until Postgres ends the
// session. The other searcher must be able to.
func TestSearcherFrozen(t *testing.T) {
	t.Parallel()
	expectFrozenSearcherReplaced(t, 1)
}

// TestSearcherFrozenWithinResult is the same with results that do not fit into the buffers between the two: no timeout between statements fires there.
func TestSearcherFrozenWithinResult(t *testing.T) {
	t.Parallel()
	expectFrozenSearcherReplaced(t, 2000)
}

// lockableBooks puts a view in place of the table, whose titles nobody can read while an advisory lock is held; those of the first shelf, which has
// every 26th book, are long.
const lockableBooks = `UPDATE books SET title = repeat('long ', 2000) WHERE shelf = 'a' AND place <= 26 * 2000; ALTER TABLE books RENAME TO shelves;
CREATE FUNCTION held(title TEXT) RETURNS TEXT STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN title; END $$;
CREATE VIEW books AS SELECT shelf, place, held(title) AS title, price, tags, printed FROM shelves`

func expectFrozenSearcherReplaced(t *testing.T, found int) {
	t.Helper()
	s := startWithBooks(t, stack.Options{Searchers: 2, Env: []string{"LONGSHORE_FROZEN_AFTER=2s", "LONGSHORE_SEARCHER_CONCURRENCY=1"}})
	s.Exec(lockableBooks)
	tx, err := s.DB().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(7)`); err != nil {
		t.Fatal(err)
	}
	var searches []search
	for range 2 {
		searches = append(searches, post(t, s, fmt.Sprintf(`{"collection":"books","filter":{"shelf":"a","place":{"lte":%d}},"limit":10000}`, 26*found)))
	}
	s.WaitForSQL(20*time.Second, "both searchers to be in a step", `SELECT count(*) = 2 FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'longshore-searcher' AND wait_event_type = 'Lock'`)
	s.FreezeSearcher(0)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for _, one := range searches {
		if end := finish(t, s, one); end.Status != "COMPLETED" || len(end.Result) != found {
			t.Errorf("%s: %d found, want %d", end.Status, len(end.Result), found)
		}
	}
	t.Logf("both were done %s after the fault", time.Since(began))
}
