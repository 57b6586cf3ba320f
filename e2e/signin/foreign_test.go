package signin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

// Names of this machine in the browser: of another site, and of the api's address (DNS rebinding).
const (
	foreignHost = "foreign.test"
	reboundHost = "rebound.test"
)

// attack is a script with which a page tries to use a service. It leaves in results what it could read.
const attack = `
const results = [];
const mode = ["cors", "no-cors"];
async function attempt(name, work) {
  try {
    const answer = await work();
    results.push(name + ": " + (answer.type === "opaque" ? "opaque" : answer.status + " " + (await answer.text()).slice(0, 80)));
  } catch (error) { results.push(name + ": refused"); }
}
async function run(base, id, number, record) {
  for (const m of mode) for (const credentials of ["include", "omit"]) {
    const o = {mode: m, credentials};
    for (const path of ["/operations", "/operations/" + id, "/operations/" + id + "/records?outcome=created", "/operations/" + id + "/events", "/tasks/" + number,
      "/tasks/" + number + "?cancel=true", "/tasks/" + number + "?prune=true", "/keys", "/me", "/"])
      await attempt("GET " + path, () => fetch(base + path, o));
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"])
      for (const path of ["/api/tools/import", "/operations/" + id + ":cancel", "/search", "/start-report", "/keys", "/tokens", "/sessions"])
        await attempt("POST " + path, () => fetch(base + path, {...o, method: "POST", headers: {"Content-Type": type}, body: record}));
    for (const path of ["/operations/" + id, "/tasks/" + number, "/v1/operations/" + id])
      await attempt("DELETE " + path, () => fetch(base + path, {...o, method: "DELETE"}));
  }
  for (const path of ["/tasks/" + number + "?cancel=true", "/tasks/" + number + "?prune=true"])
    await new Promise(done => { const image = new Image(); image.onload = image.onerror = done; image.src = base + path; });
  await new Promise(done => {
    const source = new EventSource(base + "/operations/" + id + "/events", {withCredentials: true});
    source.onmessage = event => { results.push("event: 200 " + event.data); done(); };
    source.onerror = () => { source.close(); done(); };
  });
  navigator.sendBeacon(base + "/api/tools/import", record);
  for (const action of ["/api/tools/import", "/operations/" + id + ":cancel", "/start-report"]) {
    const frame = document.createElement("iframe"), form = document.createElement("form");
    frame.name = "f" + Math.random(); form.target = frame.name; form.action = base + action; form.method = "POST"; form.enctype = "text/plain";
    document.body.append(frame, form);
    await new Promise(done => { frame.onload = done; setTimeout(done, 2000); form.submit(); });
  }
  return results.join("\n");
}`

// serveAttack serves a page with the script, at any of the browser's names of this machine.
func serveAttack(t *testing.T) (port string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<!doctype html><title>attack</title><body><script>%s</script>", attack)
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// TestForeignPages: pages of other sites, and of other ports of this machine, can neither read anything nor
// change anything through the browser of a user: not at the api, with and without authentication, and not
// at the console in which the user has logged in.
func TestForeignPages(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"without authentication": nil, "with authentication": {"LONGSHORE_AUTH=on", "LONGSHORE_FIRST_KEY=" + firstKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stack.Start(t, stack.Options{Importers: stack.None, Searchers: stack.None, Reporters: stack.None, Consoles: 1, Env: env})
			credential := ""
			if env != nil {
				credential = firstKey
			}
			accepted := send(t, s, http.MethodPost, "/api/tools/import", credential, tool.SampleJSON)
			expect(t, "an import", accepted, http.StatusAccepted, "")
			_, id, _ := strings.Cut(accepted.Header.Get("Operation-Location"), "/operations/")
			number := s.Number(`SELECT number FROM xforce.tasks`)
			browser := thirdparty.StartBrowser(t, foreignHost, reboundHost)
			if env != nil {
				browser.Open(s.Console() + "/login")
				browser.Fill("#key", firstKey)
				browser.Click("button")
				browser.Await("the queues", shown+`.includes("imports")`)
			}
			port := serveAttack(t)
			for _, origin := range []string{"http://" + foreignHost + ":" + port, "http://127.0.0.1:" + port} {
				for _, base := range []string{s.Client().Base(), s.Console() + "/api"} {
					browser.Open(origin)
					got := browser.Value(fmt.Sprintf(`run(%q, %q, %d, %q)`, base, id, number, `{"tool_id":"foreign"}`))
					for line := range strings.Lines(got) {
						if !strings.Contains(line, ": refused") && !strings.Contains(line, ": opaque") {
							t.Errorf("a page of %s reads from %s: %s", origin, base, line)
						}
					}
				}
			}
			for _, base := range []string{s.Client().Base(), s.Console()} {
				u, err := url.Parse(base)
				if err != nil {
					t.Fatal(err)
				}
				for _, path := range []string{"/operations", fmt.Sprintf("/tasks/%d?cancel=true", number), "/login", "/queues/"} {
					if status := browser.Open("http://" + reboundHost + ":" + u.Port() + path); status != http.StatusMisdirectedRequest {
						t.Errorf("GET %s of %s with the name of another host = %d, want 421", path, base, status)
					}
				}
			}
			if got := s.Number(`SELECT count(*) FROM xforce.tasks`); got != 1 {
				t.Errorf("there are %d operations, want 1", got)
			}
			if got := s.Number(`SELECT count(*) FROM xforce.tasks WHERE status = 'waiting' AND is_active`); got != 1 {
				t.Error("the import does not wait any more: a page changed it")
			}
			if got := s.Number(`SELECT count(*) FROM xforce.api_tokens WHERE kind = 'token'`) + s.Number(`SELECT count(*) FROM xforce.api_keys`); env == nil && got != 0 || got > 1 {
				t.Errorf("there are %d keys and tokens, want none that a page made", got)
			}
			expect(t, "the end of the import", send(t, s, http.MethodDelete, "/operations/"+id, credential, nil), http.StatusOK, "")
		})
	}
}
