package signin_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/signin/provider"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

// newKey makes a key of the tenant default with another one.
func newKey(t *testing.T, s *stack.Stack, admin, body string) (id, key string) {
	t.Helper()
	made := send(t, s, http.MethodPost, "/keys", admin, []byte(body))
	var got struct{ ID, Key string }
	if err := json.Unmarshal(made.Body, &got); err != nil || got.Key == "" {
		t.Fatalf("POST /keys = %d %s", made.Status, made.Body)
	}
	return got.ID, got.Key
}

// firstKey is the key of an administrator that the api stores when it starts.
const firstKey = "lsk_" + "abcdefghijklmnop" + "_" + "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"

const shown = `document.body.innerText`

// TestLoginWithKey: a person logs in to the console with a key. What the key does not allow is not shown,
// and the session ends with the key.
func TestLoginWithKey(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: stack.None, Consoles: 1, Env: []string{"LONGSHORE_AUTH=on", "LONGSHORE_FIRST_KEY=" + firstKey}})
	operatorID, operator := newKey(t, s, firstKey, `{"bundle":"operator"}`)
	_, viewer := newKey(t, s, firstKey, `{"bundle":"viewer"}`)
	accepted := send(t, s, http.MethodPost, "/api/tools/import", firstKey, tool.SampleJSON)
	expect(t, "an import", accepted, http.StatusAccepted, "")
	browser := thirdparty.StartBrowser(t)
	login := func(key string) {
		browser.Open(s.Console() + "/login?return=/queues/")
		browser.Fill("#key", key)
		browser.Click("button")
	}
	if status := browser.Open(s.Console() + "/"); status != http.StatusOK || !strings.Contains(browser.Text(), "Log in to Longshore") {
		t.Fatalf("the console without a login = %d %s, want the login", status, browser.Text())
	}
	login("lsk_wrong")
	browser.Await("the refusal", shown+`.includes("This is not an API key")`)
	login(viewer)
	browser.Await("what a viewer sees", shown+`.includes("do not allow this")`)
	login(operator)
	browser.Await("the queue", `[...document.querySelectorAll("tr")].some(row => /^imports\s+run\s+1\s/.test(row.innerText))`)
	if got := browser.Value(`document.cookie.includes("longshore_session") + ""`); got != "false" {
		t.Error("a script can read the session, want no script to")
	}
	pause := `fetch("/queues/api/queues/imports:pause", {method: "POST"HEADERS}).then(r => r.status + "")`
	own := `, headers: {"X-XSRF-TOKEN": document.cookie.match(/XSRF-TOKEN=([^;]*)/)[1]}`
	if got := browser.Value(strings.Replace(pause, "HEADERS", own, 1)); got == "200" || got == "204" {
		t.Errorf("an operator pauses a queue: %s, want a refusal: that needs queues:write", got)
	}
	if got := browser.Value(`fetch("/queues/api/redis_info").then(r => r.status + "")`); got != "403" {
		t.Errorf("an operator reads the description of Redis: %s, want 403", got)
	}
	if got := browser.Value(`fetch("/api/operations").then(r => r.text())`); !strings.Contains(got, `"kind":"import"`) {
		t.Errorf("GET /api/operations through the console = %s, want the import", got)
	}
	login(firstKey)
	browser.Await("the queue", `[...document.querySelectorAll("tr")].some(row => /^imports\s+run\s+1\s/.test(row.innerText))`)
	if got := browser.Value(strings.Replace(pause, "HEADERS", "", 1)); got != "403" {
		t.Errorf("a change without the token of the session = %s, want 403", got)
	}
	if got := browser.Value(strings.Replace(pause, "HEADERS", own, 1)); got != "200" && got != "204" {
		t.Errorf("an administrator pauses a queue: %s, want success", got)
	}
	login(operator)
	browser.Await("the queue", shown+`.includes("imports")`)
	expect(t, "the revocation", send(t, s, http.MethodDelete, "/keys/"+operatorID, firstKey, nil), http.StatusNoContent, "")
	await.Until(t, timeout, "the end of the session", func() bool {
		browser.Open(s.Console() + "/queues/")
		return strings.Contains(browser.Text(), "Log in to Longshore")
	})
	_, path, _ := strings.Cut(accepted.Header.Get("Operation-Location"), "/operations/")
	expect(t, "the end of the import", send(t, s, http.MethodDelete, "/operations/"+path, firstKey, nil), http.StatusOK, "")
}

// TestLoginAtIssuer: a person logs in to the console at the provider, by the code flow, and out again.
func TestLoginAtIssuer(t *testing.T) {
	t.Parallel()
	i := startIssuer(t)
	s := stack.Start(t, stack.Options{Importers: stack.None, Consoles: 1, Env: i.env()})
	browser := thirdparty.StartBrowser(t)
	browser.Open(s.Console() + "/queues/?page=1")
	browser.Click("a.button")
	browser.Await("the provider's login", `location.href.startsWith("`+i.URL+`")`)
	browser.Fill(`input[name="username"]`, provider.User)
	browser.Fill(`input[name="password"]`, provider.Password)
	browser.Click(`button[type="submit"]`)
	browser.Await("the page that was asked for", `location.href === "`+s.Console()+`/queues/?page=1" && `+shown+`.includes("imports")`)
	if got := browser.Value(`fetch("/api/me").then(r => r.text())`); !strings.HasPrefix(got, `{"kind":"session","id":"oidc:id2","tenant":"default"`) {
		t.Errorf("GET /api/me = %s, want the session of the provider's user", got)
	}
	for _, address := range []string{"/login/callback", "/login/callback?state=x&code=y", "/login/callback?error=access_denied&state=x"} {
		if status := browser.Open(s.Console() + address); status != http.StatusBadRequest {
			t.Errorf("GET %s without a login in progress = %d, want 400", address, status)
		}
	}
	browser.Open(s.Console() + "/queues/")
	browser.Value(`fetch("/logout", {method: "POST", headers: {"X-XSRF-TOKEN": document.cookie.match(/XSRF-TOKEN=([^;]*)/)[1]}}).then(r => r.url)`)
	browser.Open(s.Console() + "/queues/")
	if !strings.Contains(browser.Text(), "Log in to Longshore") {
		t.Errorf("the console after the logout = %s, want the login", browser.Text())
	}
	if got := s.Number(`SELECT count(*) FROM xforce.api_tokens WHERE kind = 'session' AND ended_at IS NOT NULL`); got != 1 {
		t.Errorf("%d sessions have ended, want 1", got)
	}
}
