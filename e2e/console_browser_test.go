package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestConsoleInBrowser opens the web UI in a real browser: a wrong login is rejected, the right one
// is accepted, the queues are listed with their entries, an operation is found by its id, and the
// pages send no request to another server.
func TestConsoleInBrowser(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: stack.None, Consoles: 1, Env: []string{
		"LONGSHORE_CONSOLE_VIEWERS=vera:see", "LONGSHORE_CONSOLE_OPERATORS=olga:run",
	}})
	op := s.SubmitJSON(tool.SampleJSON)
	browser := thirdparty.StartBrowser(t)

	for _, login := range [][2]string{{"", ""}, {"vera", "run"}} {
		browser.Login(login[0], login[1])
		if status := browser.Open(s.Console() + "/"); status != http.StatusUnauthorized || !strings.Contains(browser.Text(), "Log in") {
			t.Errorf("login %q: got status %d, want 401 with a login page: %s", login, status, browser.Text())
		}
	}

	browser.Login("vera", "see")
	if status := browser.Open(s.Console() + "/"); status != http.StatusOK {
		t.Fatalf("right login: got status %d, want 200", status)
	}
	browser.Await("the queue with the import", `[...document.querySelectorAll("tr")].some(row => /^imports\s+run\s+1\s/.test(row.innerText))`)
	browser.Click(`a[href="/queues/queues/imports"]`)
	browser.Await("the page of the queue", pageContains("Queue size"))
	browser.Open(s.Console() + "/queues/queues/imports?status=pending")
	browser.Await("the entry", pageContains("operation "+op.ID+", chunk 0"))

	if status := browser.Open(s.Console() + "/operations/" + op.ID); status != http.StatusOK {
		t.Fatalf("page of the operation: got status %d, want 200", status)
	}
	browser.Await("the entries of the operation", pageContains("pending"))
	browser.Click(`td a`)
	browser.Await("the page of the entry", pageContains("operation "+op.ID+", chunk 0"))
	expectSameOrigin(t, browser, s.Console())
	mustCancel(t, s, op)
}

// pageContains returns the JavaScript condition that the page shows a text.
func pageContains(text string) string { return `document.body.innerText.includes("` + text + `")` }

// expectSameOrigin checks that no page sent a request to another server, and that the browser
// logged no error, such as a resource that a content security policy blocked.
func expectSameOrigin(t *testing.T, browser *thirdparty.Browser, origin string) {
	t.Helper()
	requests := browser.Requests()
	if len(requests) < 10 {
		t.Errorf("got %d requests, want at least 10: %s", len(requests), requests)
	}
	for _, request := range requests {
		u, err := url.Parse(request)
		if err != nil || !slices.Contains([]string{"data", "blob", "about"}, u.Scheme) && !strings.HasPrefix(request, origin+"/") {
			t.Errorf("got a request to %s, want only %s: %v", request, origin, err)
		}
	}
	for _, message := range browser.Errors() {
		t.Errorf("the browser logged: %s", message)
	}
}
