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

// TestConsoleInBrowser opens the web UI as an operator does, in a real browser: the login is refused and accepted, the queues are listed
// with the work in them, an operation is found by its id, and no request goes anywhere else.
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
			t.Errorf("as %q: %d, and the page shows %s", login, status, browser.Text())
		}
	}

	browser.Login("vera", "see")
	if status := browser.Open(s.Console() + "/"); status != http.StatusOK {
		t.Fatalf("the right login: %d", status)
	}
	browser.Await("the queue with the import", `[...document.querySelectorAll("tr")].some(row => /^imports\s+run\s+1\s/.test(row.innerText))`)
	browser.Click(`a[href="/queues/queues/imports"]`)
	browser.Await("the queue's own page", pageContains("Queue size"))
	browser.Open(s.Console() + "/queues/queues/imports?status=pending")
	browser.Await("the entry", pageContains("operation "+op.ID+", chunk 0"))

	if status := browser.Open(s.Console() + "/operations/" + op.ID); status != http.StatusOK {
		t.Fatalf("the page of the operation: %d", status)
	}
	browser.Await("what is queued of it", pageContains("pending"))
	browser.Click(`td a`)
	browser.Await("the entry's own page", pageContains("operation "+op.ID+", chunk 0"))
	expectOwnRequests(t, browser, s.Console())
	mustCancel(t, s, op)
}

// pageContains is the condition that the page shows a text.
func pageContains(text string) string { return `document.body.innerText.includes("` + text + `")` }

// expectOwnRequests wants that no page has asked for anything elsewhere, and that none was kept from what it is made of.
func expectOwnRequests(t *testing.T, browser *thirdparty.Browser, own string) {
	t.Helper()
	requests := browser.Requests()
	if len(requests) < 10 {
		t.Errorf("only %d requests were seen: %s", len(requests), requests)
	}
	for _, request := range requests {
		address, err := url.Parse(request)
		if err != nil || !slices.Contains([]string{"data", "blob", "about"}, address.Scheme) && !strings.HasPrefix(request, own+"/") {
			t.Errorf("a page asked for %s, %v", request, err)
		}
	}
	for _, complaint := range browser.Errors() {
		t.Errorf("the browser complained: %s", complaint)
	}
}
