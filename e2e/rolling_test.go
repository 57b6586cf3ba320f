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

// TestRollingRestart replaces every process of every service by a new one while clients import, search and ask for reports, as a rolling
// update does: first the new one, then the end of the old one. No request may fail, no chunk may be tried twice, no record may be lost.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{APIs: 2, Importers: 2, Consoles: 1, Env: []string{longChunkEnv, "LONGSHORE_DRAIN_DELAY=1s"}})
	load := startLoad(t, s)
	long := s.SubmitLines(tool.NDJSON(longRecords, tool.Numbered))
	end := s.Watch(long)
	s.WaitForChunks(long, longChunks/20)
	for _, service := range []string{"api", "importer", "searcher", "reporter", "janitor", "console"} {
		for n, took := range s.Roll(service) {
			t.Logf("%s %d ended %s after SIGTERM, with another in its place", service, n+1, took.Round(time.Millisecond))
		}
	}
	expectCounts(t, end("Succeeded"), client.Counts{Total: longRecords, Created: longRecords, Imported: longRecords})
	load.finish(t, s)
	expectOneAttemptEach(t, s)
}

// load is what clients do meanwhile.
type load struct {
	stop                       atomic.Bool
	all                        sync.WaitGroup
	imports, searches, reports atomic.Int64

	mu     sync.Mutex
	failed []error
}

// loadRecords is the size of the load's imports; loadFirstID is the number of their first record, beyond those of the long import.
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

// repeat does something again and again until the load is stopped.
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

// importRecords imports records that nobody else imports, and follows the import to its end.
func (l *load) importRecords(ctx context.Context, s *stack.Stack) error {
	first := loadFirstID + int(l.imports.Add(1))*loadRecords
	body := tool.NDJSON(loadRecords, func(i int) tool.Tool { return tool.Numbered(first + i) })
	op, err := s.Client().Import(ctx, "tools", client.RequestBody{Type: "application/x-ndjson", Content: body})
	if err != nil {
		return err
	}
	m, err := s.Client().Follow(ctx, op.OperationLocation)
	if err == nil && (m.Status != "Succeeded" || m.Counts.Created != loadRecords) {
		err = fmt.Errorf("operation %s ended as %s with %+v", op.ID, m.Status, m.Counts)
	}
	return err
}

// question asks for something and waits for its end within the request, unless the api that waits is asked to stop meanwhile.
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
	return fmt.Errorf("POST %s: %d %s", path, resp.Status, resp.Body)
}

// finish ends the load and holds it against the promise: nothing failed, and every record is there once.
func (l *load) finish(t *testing.T, s *stack.Stack) {
	t.Helper()
	l.stop.Store(true)
	l.all.Wait()
	if err := errors.Join(l.failed...); err != nil {
		t.Errorf("clients were failed: %v", err)
	}
	responses, failures := s.Balancer().Results()
	t.Logf("%d imports, %d searches, %d reports; responses by status: %v", l.imports.Load(), l.searches.Load(), l.reports.Load(), responses)
	if len(failures) > 0 {
		t.Errorf("%d requests failed: %s", len(failures), strings.Join(failures, "; "))
	}
	expected := longRecords + int(l.imports.Load())*loadRecords
	if rows := s.Number(`SELECT count(*) FROM xforce.tools`); rows != expected {
		t.Errorf("the table holds %d rows, not %d", rows, expected)
	}
	if l.imports.Load() < 20 || l.searches.Load() < 5 || l.reports.Load() < 5 {
		t.Errorf("that was no load: %d imports, %d searches, %d reports", l.imports.Load(), l.searches.Load(), l.reports.Load())
	}
}
