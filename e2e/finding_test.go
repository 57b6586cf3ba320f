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

// TestFailedImportIsTraceable looks for an import that failed, as an operator does who was given nothing but its id: the api tells why, the logs of
// all services tell its story and the request that it came with, the metrics name it beside the failures that they count, and the console
// shows the entry that was given up.
func TestFailedImportIsTraceable(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Consoles: 1, Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_MAX_ATTEMPTS=1", "LONGSHORE_CONSOLE_URL=https://console.example.com"},
	})
	s.Exec("DROP TABLE spoons")
	const request = "order-4711"
	op := s.Submit("spoons", client.RequestBody{
		Type: "application/json", Header: http.Header{"X-Request-Id": {request}}, Content: []byte(`[{"id": 1}]`),
	})
	m := s.WaitFor(op, "Failed")
	if m.Error == nil || m.Error.Code != "ChunkAbandoned" {
		t.Errorf("the api says %+v", m.Error)
	}
	for service, level := range map[string]string{"api": "INF", "importer": "ERR"} {
		var lines []string
		await.Until(t, 10*time.Second, "the log of the "+service+" to tell of the operation and its request", func() bool { // just after the commit
			lines = s.LogLines(service, "operation="+op.ID, "request_id="+request, level)
			return len(lines) > 0
		})
		t.Logf("the %s says: %s", service, lines)
	}
	await.Until(t, 10*time.Second, "the importer to count a failed import", func() bool { // just after it has committed
		return s.Metrics("importer").Value("longshore_operations_finished_total", "kind", "import", "state", "failed") == 1
	})
	if named := s.Metrics("importer").Exemplars("operation", "longshore_operations_finished_total", "state", "failed"); len(named) != 1 || named[0] != op.ID {
		t.Errorf("beside the count of failures stands %q", named)
	}
	expectLinkToConsole(t, s, op)
}

// expectLinkToConsole follows the link of the operation's answer to the console, which shows the entry that was put aside.
func expectLinkToConsole(t *testing.T, s *stack.Stack, op client.Accepted) {
	t.Helper()
	answer, err := s.Client().Get(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	const page = "/operations/"
	if links := strings.Join(answer.Header.Values("Link"), ", "); !strings.Contains(links, "<https://console.example.com"+page+op.ID+">") {
		t.Errorf("the answer links to %q", links)
	}
	await.Until(t, 10*time.Second, "the console to show the entry", func() bool {
		_, shown := requestConsole(t, http.MethodGet, s.Console()+page+op.ID, "")
		return strings.Contains(shown, "archived") && strings.Contains(shown, "imports")
	})
}
