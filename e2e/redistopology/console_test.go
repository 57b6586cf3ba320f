package redistopology_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/redis"
	"github.com/longshore-io/longshore/e2e/stack"
)

func port(server *redis.Server) string { return strconv.Itoa(server.Port()) }

// freeze suspends a server until the test ends.
func freeze(t *testing.T, server *redis.Server) {
	t.Helper()
	if err := syscall.Kill(server.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(server.Pid(), syscall.SIGCONT) })
}

// getConsole requests a page of the console and expects the status 200.
func getConsole(t *testing.T, s *stack.Stack, path string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Console()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("GET %s = %d %s (%v), want 200", path, response.StatusCode, body, err)
	}
	return body
}

// expectConsole expects the console to list the queues, among others of the installation, and to show
// the page of each, the statistics, the servers, and the information on Redis.
func expectConsole(t *testing.T, s *stack.Stack, queues ...string) {
	t.Helper()
	names := consoleQueues(t, s)
	for _, queue := range queues {
		if !slices.Contains(names, queue) {
			t.Errorf("the console lists the queues %q, want %s among them", names, queue)
		}
		getConsole(t, s, "/queues/api/queues/"+queue)
		for _, state := range []string{"active", "pending", "scheduled", "retry", "archived", "completed"} {
			getConsole(t, s, "/queues/api/queues/"+queue+"/"+state+"_tasks")
		}
	}
	for _, path := range []string{"queue_stats", "servers", "redis_info"} {
		getConsole(t, s, "/queues/api/"+path)
	}
	getConsole(t, s, "/operations/0192f000-0000-7000-8000-0000000000aa")
}

// consoleQueues returns the names of the queues that the console lists.
func consoleQueues(t *testing.T, s *stack.Stack) []string {
	t.Helper()
	var list struct{ Queues []struct{ Queue string } }
	body := getConsole(t, s, "/queues/api/queues")
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatalf("decoding %s: %v", body, err)
	}
	var names []string
	for _, queue := range list.Queues {
		names = append(names, queue.Queue)
	}
	return names
}

// postConsole changes a queue and expects success.
func postConsole(t *testing.T, s *stack.Stack, path string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Console()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode/100 != 2 {
		t.Errorf("POST %s = %d %s (%v), want success", path, response.StatusCode, body, err)
	}
}
