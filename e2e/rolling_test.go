package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestRollingRestart replaces every process of every service while clients import, search and
// request reports, as a rolling update does: it starts the new process first, then stops the old
// one. No request may fail, no chunk may be attempted twice, no record may be lost.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{APIs: 2, Importers: 2, Consoles: 1, Env: []string{longChunkEnv, "LONGSHORE_DRAIN_DELAY=1s"}})
	load := startLoad(t, s)
	long := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
	end := s.Watch(long)
	s.WaitForChunks(long, longChunks/20)
	for _, service := range []string{"api", "importer", "searcher", "reporter", "janitor", "console"} {
		for n, elapsed := range s.Roll(service) {
			t.Logf("%s %d ended %s after SIGTERM, with another in its place", service, n+1, elapsed.Round(time.Millisecond))
		}
	}
	expectCounts(t, end("Succeeded"), client.Counts{Total: longRecords, Created: longRecords, Imported: longRecords})
	load.finish(t, s)
	expectOneAttemptEach(t, s)
}

// load is the work of clients during the restart.
type load struct {
	stop                       atomic.Bool
	all                        sync.WaitGroup
	imports, searches, reports atomic.Int64

	mu     sync.Mutex
	failed []error
}

// loadRecords is the number of records of each import of the load; loadFirstID is the number of the
// first one, beyond those of the long import.
const loadRecords, loadFirstID = 10, 100_000_000

func startLoad(t *testing.T, s *stack.Stack) *load {
	t.Helper()
	l := &load{}
	ctx := t.Context()
	for range 3 {
		l.repeat(func() error { return l.importRecords(ctx, s) })
	}
	l.repeat(func() error {
		l.searches.Add(1)
		return postAndWait(ctx, s, "/search", `{"collection": "tools", "limit": 3}`, http.StatusCreated, http.StatusAccepted)
	})
	l.repeat(func() error {
		l.reports.Add(1)
		return postAndWait(ctx, s, "/start-report", `{}`, http.StatusOK, http.StatusAccepted)
	})
	t.Cleanup(func() { l.stop.Store(true); l.all.Wait() })
	return l
}

// repeat calls do in a loop until the load is stopped.
func (l *load) repeat(do func() error) {
	l.all.Go(func() {
		for !l.stop.Load() {
			if err := do(); err != nil {
				l.mu.Lock()
				l.failed = append(l.failed, err)
				l.mu.Unlock()
			}
		}
	})
}

// importRecords imports records of its own and waits for the import's end.
func (l *load) importRecords(ctx context.Context, s *stack.Stack) error {
	first := loadFirstID + int(l.imports.Add(1))*loadRecords
	body := tool.NDJSON(loadRecords, func(i int) tool.Tool { return tool.Numbered(first + i) })
	op, err := s.Client().Import(ctx, "tools", client.RequestBody{Type: "application/x-ndjson", Content: body})
	if err != nil {
		return err
	}
	m, err := s.Client().Follow(ctx, op.OperationLocation)
	if err == nil && (m.Status != "Succeeded" || m.Counts.Created != loadRecords) {
		err = fmt.Errorf("operation %s: got %s with %+v, want Succeeded with %d created", op.ID, m.Status, m.Counts, loadRecords)
	}
	return err
}

// postAndWait posts a request and waits within it for the end of the operation, or for the stop of
// the api.
func postAndWait(ctx context.Context, s *stack.Stack, path, body string, expected ...int) error {
	resp, err := s.Client().Do(ctx, http.MethodPost, path, client.RequestBody{
		Type: "application/json", Header: http.Header{"Prefer": {"wait=20"}}, Content: []byte(body),
	})
	if err != nil {
		return err
	}
	if slices.Contains(expected, resp.Status) {
		return nil
	}
	return fmt.Errorf("POST %s: got %d %s, want one of %v", path, resp.Status, resp.Body, expected)
}

// finish stops the load and expects that no request failed and every record was imported once.
func (l *load) finish(t *testing.T, s *stack.Stack) {
	t.Helper()
	l.stop.Store(true)
	l.all.Wait()
	if err := errors.Join(l.failed...); err != nil {
		t.Errorf("clients failed: %v, want no error", err)
	}
	responses, failures := s.Balancer().Results()
	t.Logf("%d imports, %d searches, %d reports; responses by status: %v", l.imports.Load(), l.searches.Load(), l.reports.Load(), responses)
	if len(failures) > 0 {
		t.Errorf("%d requests failed, want 0: %s", len(failures), strings.Join(failures, "; "))
	}
	expected := longRecords + int(l.imports.Load())*loadRecords
	if rows := s.Number(`SELECT count(*) FROM xforce.tools`); rows != expected {
		t.Errorf("table has %d rows, want %d", rows, expected)
	}
	if l.imports.Load() < 20 || l.searches.Load() < 5 || l.reports.Load() < 5 {
		t.Errorf("got %d imports, %d searches, %d reports, want at least 20, 5, 5", l.imports.Load(), l.searches.Load(), l.reports.Load())
	}
}
