package standby_test

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestUnconfirmedCommit: the standby that must confirm commits stands still. A request gets the address
// of its operation within its limit, and the operation runs to its end once the standby goes on.
func TestUnconfirmedCommit(t *testing.T) {
	const limit = 3 * time.Second
	s := startStack(t, stack.Options{Env: []string{"LONGSHORE_WRITE_TIMEOUT=" + limit.String()}})
	servers.confirm(t, true)
	t.Cleanup(func() { servers.confirm(t, false) })
	t.Cleanup(func() { signal(t, servers.standby, syscall.SIGCONT) })
	signal(t, servers.standby, syscall.SIGSTOP)
	response := s.Do(http.MethodPost, "/api/tools/import", client.RequestBody{Type: "application/json", Content: tool.JSON(tool.Numbered(1))})
	location := response.Header.Get("Operation-Location")
	if response.Status != http.StatusServiceUnavailable || !strings.Contains(string(response.Body), "outcome-unknown") || location == "" {
		t.Fatalf("got %d %s with Operation-Location %q, want 503 outcome-unknown and an address", response.Status, response.Body, location)
	}
	signal(t, servers.standby, syscall.SIGCONT)
	s.WaitFor(client.Accepted{ID: location[strings.LastIndex(location, "/")+1:], OperationLocation: location}, "Succeeded")
}

// TestAsynchronousFailover: the standby lacks the last changes. What it lacks is lost as a whole: an
// operation that it does not know is not found, and its queue entries are dropped. One that had gone on
// goes on from where the standby knows it, and its records are counted once.
func TestAsynchronousFailover(t *testing.T) {
	s := startStack(t, longImports())
	servers.confirm(t, false)
	locks := connect(t, databaseOn(servers.primary, s))
	t.Cleanup(func() { _ = locks.Close(context.Background()) })
	lock(t, locks, "xforce.tools")
	kept := s.SubmitLines(tool.NDJSON(400, tool.Numbered))
	s.WaitForSQL(serverLimit, "the import to run", `SELECT status = 'running' FROM xforce.tasks WHERE task_id = $1`, kept.ID)
	servers.separate(t)
	if _, err := locks.Exec(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if m := s.WaitFor(kept, "Succeeded"); m.Counts.Created != 400 {
		t.Errorf("before the failover %d records are created, want 400", m.Counts.Created)
	}
	lock(t, locks, "xforce.tools")
	lost := s.SubmitLines(tool.NDJSON(records, func(n int) tool.Tool { return tool.Numbered(1000 + n) }))

	kill(t, servers.primary)
	servers.promote(t)
	s.DB().Reset()
	awaitReady(t, s)
	fresh := client.New(s.Client().Base()) // its histories do not contain what was lost
	defer fresh.Close()
	await.Until(t, workLimit, "the import that the standby knows to be finished again", func() bool {
		m, _, err := fresh.Poll(t.Context(), kept.OperationLocation)
		return err == nil && m.Status == "Succeeded" && m.Counts.Created == 400
	})
	if response := s.Do(http.MethodGet, lost.OperationLocation, client.RequestBody{}); response.Status != http.StatusNotFound {
		t.Errorf("the lost import: %d %s, want 404", response.Status, response.Body)
	}
	await.Until(t, workLimit, "the queue entries of the lost import to be dropped", func() bool {
		entries := s.Metrics("janitor")
		return entries.Value("longshore_queue_processed_total") > 0 && entries.Value("longshore_queue_entries") == 0
	})
	if got := s.Number(`SELECT count(*) FROM xforce.tools WHERE tool_id LIKE 'N%'`); got != 400 {
		t.Errorf("the table has %d records, want the 400 of the import that was not lost", got)
	}
	servers.rejoin(t)
}
