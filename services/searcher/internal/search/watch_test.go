package search_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/store"
)

// TestWatchCancelsStatement checks that cancelling a search ends its running statement within a second.
func TestWatchCancelsStatement(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{})
	f.slowView(t, "")
	op := f.accept(t, "pairs", `{"filter":{"v":7},"limit":1}`)
	finished := make(chan error, 1)
	go func() { finished <- f.step(t, op) }()
	f.await(t, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`)
	started := time.Now()
	if cancelled, err := f.db.Cancel(t.Context(), op.ID); err != nil || !cancelled {
		t.Fatalf("Cancel() = %v, %v, want true", cancelled, err)
	}
	if err := <-finished; err != nil {
		t.Errorf("ProcessChunk() = %v, want nil", err)
	}
	f.await(t, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`)
	if elapsed := time.Since(started); elapsed > time.Second {
		t.Errorf("the statement ended after %s, want at most a second", elapsed)
	}
}
