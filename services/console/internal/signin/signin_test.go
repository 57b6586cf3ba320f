package signin_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	credentials "github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/apiclient"
	"github.com/longshore-io/longshore/services/console/internal/signin"
)

var (
	goodKey = credentials.NewSecret().Reveal()
	wrong   = credentials.NewSecret().Reveal()
	session = credentials.NewCredential(credentials.Session).Reveal()
)

// fixture is the console's login in front of an api that accepts one key and one session.
type fixture struct {
	handler  *signin.Handler
	mux      *http.ServeMux
	local    atomic.Bool
	requests chan *http.Request // which were forwarded to the api
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{mux: http.NewServeMux(), requests: make(chan *http.Request, 10)}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		credential := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		principal := map[string]any{"kind": "session", "id": "p", "actions": []string{"queues:read"}}
		switch {
		case credential != goodKey && credential != session && r.URL.Path != "/open":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"detail":"Not this one."}`))
		case r.URL.Path == "/sessions":
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(map[string]any{"session": session, "expiresAt": time.Now().Add(time.Hour), "principal": principal})
		case r.URL.Path == "/me":
			_ = json.NewEncoder(w).Encode(principal)
		default:
			f.requests <- r
		}
	}))
	t.Cleanup(api.Close)
	base, err := url.Parse(api.URL)
	if err != nil {
		t.Fatal(err)
	}
	f.handler = signin.New(signin.Options{
		API: apiclient.New(base), Throttle: access.NewThrottle(), Logins: metrics.NewLogins(), Log: slog.New(slog.DiscardHandler),
		Local: func(*http.Request) bool { return f.local.Load() },
	})
	f.handler.Register(f.mux)
	f.mux.Handle(signin.APIPath+"/", f.handler.Forward())
	return f
}

// do sends a request with cookies and headers, as name: value.
func (f *fixture) do(t *testing.T, method, target string, form url.Values, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, r)
	return w.Result()
}

func cookie(t *testing.T, r *http.Response, name string) *http.Cookie {
	t.Helper()
	for _, c := range r.Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("the answer sets the cookies %v, want %s", r.Cookies(), name)
	return nil
}

// login sends the form, and returns the answer.
func (f *fixture) login(t *testing.T, key, returnTo string) *http.Response {
	t.Helper()
	token := cookie(t, f.do(t, http.MethodGet, "/login", nil), "longshore_login").Value
	return f.do(t, http.MethodPost, "/login", url.Values{"key": {key}, "return": {returnTo}, "csrf": {token}}, "Cookie: longshore_login="+token)
}

func TestLogin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	got := f.login(t, goodKey, "/queues/?page=2")
	if location := got.Header.Get("Location"); got.StatusCode != http.StatusSeeOther || location != "/queues/?page=2" {
		t.Errorf("POST /login = %d to %q, want 303 to the page that was asked for", got.StatusCode, location)
	}
	if c := cookie(t, got, "longshore_session"); !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Value != session {
		t.Errorf("the cookie of the session = %v, want it hidden from pages", c)
	}
	if c := cookie(t, got, "XSRF-TOKEN"); c.HttpOnly || c.Value == "" || strings.Contains(c.Value, session) {
		t.Errorf("the cookie of the token = %v, want one that pages can read", c)
	}
	for name, tt := range map[string]struct {
		answer *http.Response
		status int
	}{
		"no API key": {f.login(t, "lsk_a\nb", "/"), http.StatusUnauthorized},
		"a session":  {f.login(t, session, "/"), http.StatusUnauthorized},
		"wrong key":  {f.login(t, wrong, "/"), http.StatusUnauthorized},
		"no key":     {f.login(t, " ", "/"), http.StatusUnprocessableEntity},
		"no token":   {f.do(t, http.MethodPost, "/login", url.Values{"key": {goodKey}}), http.StatusForbidden},
		"half token": {f.do(t, http.MethodPost, "/login", url.Values{"key": {goodKey}, "csrf": {""}}, "Cookie: longshore_login="), http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.answer.StatusCode != tt.status || tt.answer.Header.Get("Location") != "" {
				t.Errorf("POST /login = %d, want %d", tt.answer.StatusCode, tt.status)
			}
		})
	}
}

// TestLoginThrottles: after ten wrong keys, the client's keys are not sent to the api any more.
func TestLoginThrottles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 10 {
		f.login(t, wrong, "/")
	}
	if got := f.login(t, goodKey, "/"); got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("the login after ten wrong ones = %d, want 429 with Retry-After", got.StatusCode)
	}
}

// TestLoginLeadsNowhereElse: a login leads to a page of the console.
func TestLoginLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, address := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "javascript:alert(1)", "", "evil", "/\t/evil.example", "http:/x", "/%0d%0aX:1\r\n",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			if got := f.login(t, goodKey, address).Header.Get("Location"); got != "/" {
				t.Errorf("a login with return %q leads to %q, want /", address, got)
			}
		})
	}
}

// TestForward: requests reach the api with the session and without what belongs to the console. Changes
// need the token of the session, and no page of another origin is served.
func TestForward(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := cookie(t, f.login(t, goodKey, "/"), "XSRF-TOKEN").Value
	own := "Cookie: longshore_session=" + session
	for name, tt := range map[string]struct {
		method, path string
		headers      []string
		local        bool
		status       int
	}{
		"read":                      {"GET", "/api/operations?kind=import", []string{own}, false, 200},
		"read of another origin":    {"GET", "/api/operations", []string{own, "Sec-Fetch-Site: same-site"}, false, 403},
		"change":                    {"POST", "/api/search", []string{own, "X-Xsrf-Token: " + token}, false, 200},
		"change without the token":  {"POST", "/api/search", []string{own}, false, 403},
		"change with another token": {"DELETE", "/api/keys/a", []string{own, "X-Xsrf-Token: " + token[1:]}, false, 403},
		"change by GET":             {"GET", "/api/tasks/1?cancel=true", []string{own}, false, 403},
		"a key in the cookie":       {"GET", "/api/open", []string{"Cookie: longshore_session=" + goodKey}, false, 401},
		"anything in the cookie":    {"GET", "/api/open", []string{"Cookie: longshore_session=x"}, false, 401},
		"no session":                {"GET", "/api/open", nil, false, 401},
		"no session, local":         {"GET", "/api/open", nil, true, 200},
		"own credential":            {"GET", "/api/open", []string{"Authorization: Bearer x"}, true, 200},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			f.local.Store(tt.local)
			got := f.do(t, tt.method, tt.path, nil, tt.headers...)
			if got.StatusCode != tt.status {
				t.Fatalf("%s %s = %d, want %d", tt.method, tt.path, got.StatusCode, tt.status)
			}
			if tt.status != http.StatusOK {
				return
			}
			r := <-f.requests
			want := ""
			if !tt.local {
				want = "Bearer " + session
			}
			if r.URL.RequestURI() != strings.TrimPrefix(tt.path, "/api") || r.Header.Get("Authorization") != want || r.Header.Get("Cookie") != "" ||
				r.Header.Get("X-Xsrf-Token") != "" || (r.Header.Get("X-Forwarded-For") != "") == tt.local {
				t.Errorf("the api got %s with %v, want %s with the session only", r.URL, r.Header, tt.path)
			}
		})
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := cookie(t, f.login(t, goodKey, "/"), "XSRF-TOKEN").Value
	own := "Cookie: longshore_session=" + session
	if got := f.do(t, http.MethodPost, "/logout", nil, own); got.StatusCode != http.StatusForbidden {
		t.Errorf("POST /logout without the token = %d, want 403", got.StatusCode)
	}
	got := f.do(t, http.MethodPost, "/logout", url.Values{"csrf": {token}}, own)
	if c := cookie(t, got, "longshore_session"); got.StatusCode != http.StatusSeeOther || c.Value != "" {
		t.Errorf("POST /logout = %d with the cookie %v, want 303 and none", got.StatusCode, c)
	}
	if r := <-f.requests; r.Method != http.MethodDelete || r.URL.Path != "/sessions/current" {
		t.Errorf("the api got %s %s, want DELETE /sessions/current", r.Method, r.URL)
	}
}
