package session_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/store/internal/session"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// testSilence is short, so that the tests are.
const testSilence = 300 * time.Millisecond

// open opens a pool, closed when the test ends.
func open(t *testing.T, databaseURL string, opts session.Options) *session.Pool {
	t.Helper()
	opts.Application, opts.Silence = "longshore-test", testSilence
	pool, err := session.Open(t.Context(), databaseURL, opts)
	if err != nil {
		t.Fatalf("opening the pool: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newDatabase(t *testing.T) string {
	t.Helper()
	return storetest.NewEmptyDatabase(t)
}
