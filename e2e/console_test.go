package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestConsole requests the web UI of the queues with every role: no login, a wrong password, a
// viewer, an operator. The listed entry contains the id of its operation.
func TestConsole(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: stack.None, Consoles: 1, Env: []string{
		"LONGSHORE_CONSOLE_VIEWERS=vera:see", "LONGSHORE_CONSOLE_OPERATORS=olga:run",
	}})
	op := s.SubmitJSON(tool.SampleJSON)
	queue := s.Console() + "/queues/api/queues/imports"
	for _, test := range []struct {
		name, user, method, path string
		status                   int
		content                  string // that the page contains
	}{
		{"no_login", "", http.MethodGet, "/pending_tasks", http.StatusUnauthorized, "Log in"},
		{"wrong_password", "vera:run", http.MethodGet, "/pending_tasks", http.StatusUnauthorized, "Log in"},
		{"viewer", "vera:see", http.MethodGet, "/pending_tasks", http.StatusOK, "operation " + op.ID + ", chunk 0"},
		{"viewer_pauses", "vera:see", http.MethodPost, ":pause", http.StatusMethodNotAllowed, ""},
		{"operator_pauses", "olga:run", http.MethodPost, ":pause", http.StatusNoContent, ""},
		{"operator_resumes", "olga:run", http.MethodPost, ":resume", http.StatusNoContent, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, response := requestConsole(t, test.method, queue+test.path, test.user)
			if status != test.status || !strings.Contains(response, test.content) {
				t.Errorf("got status %d, want %d with %q: %s", status, test.status, test.content, response)
			}
		})
	}
	mustCancel(t, s, op)
}

// requestConsole sends a request with the login "user:password", or without one. It returns the
// status and the whole response with its headers.
func requestConsole(t *testing.T, method, url, login string) (status int, response string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user, password, ok := strings.Cut(login, ":"); ok {
		req.SetBasicAuth(user, password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var text strings.Builder
	if err := resp.Write(&text); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text.String()
}
