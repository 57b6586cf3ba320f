package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// TestFailedImportIsTraceable finds out everything about a failed import from its id, as an
// operator does: the monitor contains the error, the logs of the services contain the id with that
// of its request, the metric of failures has it as an exemplar, and the console shows the archived
// entry.
func TestFailedImportIsTraceable(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Consoles: 1, Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env:        []string{"LONGSHORE_MAX_ATTEMPTS=1"},
		ServiceEnv: map[string][]string{"api": {"LONGSHORE_CONSOLE_URL=https://console.example.com"}},
	})
	failImports(s, "spoons")
	const requestID = "order-4711"
	op := s.Submit("spoons", client.RequestBody{
		Type: "application/json", Header: http.Header{"X-Request-Id": {requestID}}, Content: []byte(`[{"id": 1}]`),
	})
	m := s.WaitFor(op, "Failed")
	if m.Error == nil || m.Error.Code != "ChunkAbandoned" || !strings.Contains(m.Error.Message, "within the time limit") {
		t.Errorf("got the error %+v, want ChunkAbandoned with the reason", m.Error)
	}
	for service, level := range map[string]string{"api": "INF", "importer": "ERR"} {
		var lines []string
		// The line is logged just after the commit.
		await.Until(t, 10*time.Second, "the "+service+" to log the operation and its request", func() bool {
			lines = s.LogLines(service, "operation="+op.ID, "request_id="+requestID, level)
			return len(lines) > 0
		})
		t.Logf("log of the %s: %s", service, lines)
	}
	// The failure is counted just after the commit.
	await.Until(t, 10*time.Second, "the importer to count a failed import", func() bool {
		return s.Metrics("importer").Value("longshore_operations_finished_total", "kind", "import", "state", "failed") == 1
	})
	got := s.Metrics("importer").Exemplars("operation", "longshore_operations_finished_total", "state", "failed")
	if len(got) != 1 || got[0] != op.ID {
		t.Errorf("got the exemplars %q, want %s", got, op.ID)
	}
	expectLinkToConsole(t, s, op)
}

// expectLinkToConsole checks that the monitor links to the page of the operation in the console,
// and that the page shows the archived entry.
func expectLinkToConsole(t *testing.T, s *stack.Stack, op client.Accepted) {
	t.Helper()
	response, err := s.Client().Get(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	const page = "/operations/"
	if links := strings.Join(response.Header.Values("Link"), ", "); !strings.Contains(links, "<https://console.example.com"+page+op.ID+">") {
		t.Errorf("got the links %q, want the page of operation %s", links, op.ID)
	}
	await.Until(t, 10*time.Second, "the console to show the archived entry", func() bool {
		_, content := requestConsole(t, http.MethodGet, s.Console()+page+op.ID, "")
		return strings.Contains(content, "archived") && strings.Contains(content, "imports")
	})
}
