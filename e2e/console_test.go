package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestConsole looks at the queues as an operator does: the login is refused and accepted, and the work of a stack that stands still is
// listed by its ids.
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
		shows                    string
	}{
		{"no login", "", http.MethodGet, "/pending_tasks", http.StatusUnauthorized, "Log in"},
		{"wrong login", "vera:run", http.MethodGet, "/pending_tasks", http.StatusUnauthorized, "Log in"},
		{"viewer", "vera:see", http.MethodGet, "/pending_tasks", http.StatusOK, "operation " + op.ID + ", chunk 0"},
		{"viewer who pauses", "vera:see", http.MethodPost, ":pause", http.StatusMethodNotAllowed, ""},
		{"operator who pauses", "olga:run", http.MethodPost, ":pause", http.StatusNoContent, ""},
		{"operator who resumes", "olga:run", http.MethodPost, ":resume", http.StatusNoContent, ""},
	} {
		status, body := requestConsole(t, test.method, queue+test.path, test.user)
		if status != test.status || !strings.Contains(body, test.shows) {
			t.Errorf("%s: %d %s", test.name, status, body)
		}
	}
	mustCancel(t, s, op)
}

func requestConsole(t *testing.T, method, address, user string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name, password, ok := strings.Cut(user, ":"); ok {
		request.SetBasicAuth(name, password)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var text strings.Builder
	if err := response.Write(&text); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, text.String()
}
