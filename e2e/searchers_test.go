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

// TestSearcherKilled kills the only searcher during a search. Another one continues from the last
// checkpoint.
func TestSearcherKilled(t *testing.T) {
	t.Parallel()
	s := startWithBooks(t, stack.Options{})
	now := post(t, s, `{"collection":"books","query":"rare","limit":10000}`)
	s.WaitForSQL(time.Minute, "the search to be partly done", `SELECT progress > 20 FROM xforce.tasks WHERE task_id = $1`, now.id())
	s.KillSearcher(0)
	if middle := poll(t, s, now.link("status")); middle.Code != http.StatusAccepted {
		t.Fatal("the search was finished before the fault: increase the number of books")
	}
	s.StartSearcher(0)
	started := time.Now()
	end := finish(t, s, now)
	t.Logf("the search was finished %s after the next searcher started", time.Since(started))
	found := placesOf(t, end)
	slices.Sort(found)
	if len(found) != rareBooks || len(slices.Compact(found)) != rareBooks || end.Counts.Scanned != books {
		t.Errorf("got %s with %d results and counts %+v, want %d different results", end.Status, len(found), end.Counts, rareBooks)
	}
}

// TestSearcherFrozen freezes one of two searchers while each waits for a small result. The other
// one takes over when Postgres has ended the frozen session.
func TestSearcherFrozen(t *testing.T) {
	t.Parallel()
	expectFrozenSearcherReplaced(t, 1)
}

// TestSearcherFrozenWithinResult freezes a searcher that receives more than the socket buffers
// hold: no timeout between statements applies there.
func TestSearcherFrozenWithinResult(t *testing.T) {
	t.Parallel()
	expectFrozenSearcherReplaced(t, 2000)
}

// lockableBooks replaces the table by a view whose titles cannot be read while an advisory lock is
// held. The titles of the first shelf, every 26th book, are long.
const lockableBooks = `UPDATE books SET title = repeat('long ', 2000) WHERE shelf = 'a' AND place <= 26 * 2000;
ALTER TABLE books RENAME TO shelves;
CREATE FUNCTION held(title TEXT) RETURNS TEXT STABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN title; END $$;
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
		searches = append(searches, post(t, s,
			fmt.Sprintf(`{"collection":"books","filter":{"shelf":"a","place":{"lte":%d}},"limit":10000}`, 26*found)))
	}
	s.WaitForSQL(20*time.Second, "both searchers to be blocked in a step", `SELECT count(*) = 2 FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'longshore-searcher' AND wait_event_type = 'Lock'`)
	s.FreezeSearcher(0)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	for _, one := range searches {
		if end := finish(t, s, one); end.Status != "COMPLETED" || len(end.Result) != found {
			t.Errorf("got %s with %d results, want COMPLETED with %d", end.Status, len(end.Result), found)
		}
	}
	t.Logf("both searches were finished %s after the fault", time.Since(started))
}
