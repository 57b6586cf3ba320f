package redistopology_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// The size of an import that still runs when a server fails.
const (
	longRecords  = 40_000
	chunkRecords = 200
	lanes        = 2
)

// longImport makes imports of many small chunks, each of which is queued by itself.
var longImport = []string{"LONGSHORE_CHUNK_RECORDS=200", "LONGSHORE_LANES=2"}

// useEverything imports, searches, reports and cancels, and checks that all of it succeeds. At the end
// of the test, the stack compares the counts with the tables.
func useEverything(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.WaitFor(s.SubmitLines(tool.NDJSON(3*chunkRecords, tool.Numbered)), "Succeeded")
	s.WaitFor(start(t, s, "/search", `{"collection":"tools","sort":["-tool_id"],"limit":10}`), "Succeeded")
	s.WaitFor(start(t, s, "/start-report", `{"report":"imports","format":"html"}`), "Succeeded")
	release := s.BlockWrites("xforce.tools")
	cancelled := s.SubmitLines(tool.NDJSON(chunkRecords, tool.Numbered))
	if _, err := s.Client().Cancel(t.Context(), cancelled.OperationLocation); err != nil {
		t.Error(err)
	}
	release()
	s.WaitFor(cancelled, "Canceled")
}

// start starts a search or a report, without waiting for its end.
func start(t *testing.T, s *stack.Stack, path, body string) client.Accepted {
	t.Helper()
	response, err := s.Client().Do(t.Context(), http.MethodPost, path, client.RequestBody{
		Type: "application/json", Content: []byte(body), Header: http.Header{"Prefer": {"respond-async"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	location := response.Header.Get("Operation-Location")
	if location == "" {
		t.Fatalf("POST %s = %d %s, want Operation-Location", path, response.Status, response.Body)
	}
	return client.Accepted{OperationLocation: location}
}

// awaitProgress returns how long the import takes until chunks are done that were not queued yet.
func awaitProgress(s *stack.Stack, op client.Accepted) time.Duration {
	failed := time.Now()
	done := s.Number(`SELECT done_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID)
	s.WaitForChunks(op, done+2*lanes+1)
	return time.Since(failed)
}
