package routes_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/store"
)

const jsonMedia = "Content-Type: application/json"

// newToken makes a token with a key, and returns the answer to POST /tokens.
func (a *api) newToken(t *testing.T, header, body string) (made struct{ ID, Token string }, got reply) {
	t.Helper()
	got = a.send(t, oneClient, http.MethodPost, "/tokens", body, header, jsonMedia)
	if got.status == http.StatusCreated {
		if err := json.Unmarshal([]byte(got.body), &made); err != nil {
			t.Fatal(err)
		}
	}
	return made, got
}

// checkCode checks the status and the code of an answer; the code is empty for success.
func checkCode(t *testing.T, what string, got reply, status int, code string) {
	t.Helper()
	if got.status != status || code != "" && !strings.Contains(got.body, "urn:longshore:problem:"+code+`"`) {
		t.Errorf("%s = %d %s, want %d %s", what, got.status, got.body, status, code)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	admin, _ := a.newKey(t, nil)
	limited, _ := a.newKey(t, func(k *store.Key) {
		k.Actions, k.Collections = []string{"tokens:create", "imports:create"}, []string{"shop-*"}
	})
	short, _ := a.newKey(t, func(k *store.Key) { k.ExpiresAt = time.Now().Add(time.Minute) })
	for name, tt := range map[string]struct {
		header, body string
		status       int
		code         string
		lasts        time.Duration
	}{
		"actions":           {admin, `{"actions":["imports:create"]}`, 201, "", 15 * time.Minute},
		"seconds":           {admin, `{"actions":["imports:create"],"ttl":60}`, 201, "", time.Minute},
		"duration":          {admin, `{"actions":["imports:create"],"ttl":"1h"}`, 201, "", time.Hour},
		"key that expires":  {short, `{"actions":["imports:create"],"ttl":"1h"}`, 201, "", time.Minute},
		"fewer collections": {limited, `{"actions":["imports:create"],"collections":["shop-a"]}`, 201, "", 15 * time.Minute},
		"more actions":      {limited, `{"actions":["imports:create","search"]}`, 403, "action-not-allowed", 0},
		"more collections":  {limited, `{"actions":["imports:create"],"collections":["*"]}`, 403, "collection-not-allowed", 0},
		"key without right": {"Authorization: Bearer " + a.tokenOf(t, admin), `{"actions":["imports:create"]}`, 403, "action-not-allowed", 0},
		"makes keys":        {admin, `{"actions":["keys:write"]}`, 422, "invalid-token", 0},
		"makes tokens":      {admin, `{"actions":["tokens:create"]}`, 422, "invalid-token", 0},
		"no actions":        {admin, `{}`, 422, "invalid-token", 0},
		"unknown action":    {admin, `{"actions":["root"]}`, 422, "invalid-token", 0},
		"too long":          {admin, `{"actions":["search"],"ttl":3601}`, 422, "invalid-token", 0},
		"negative":          {admin, `{"actions":["search"],"ttl":"-1s"}`, 422, "invalid-token", 0},
		"huge":              {admin, `{"actions":["search"],"ttl":1e300}`, 422, "invalid-token", 0},
		"negative bytes":    {admin, `{"actions":["search"],"maxBytes":-1}`, 422, "invalid-token", 0},
		"cookie for all":    {admin, `{"actions":["search"],"cookie":true}`, 422, "invalid-token", 0},
		"no duration":       {admin, `{"actions":["search"],"ttl":"soon"}`, 400, "malformed-token", 0},
		"unknown member":    {admin, `{"actions":["search"],"key":"x"}`, 400, "malformed-token", 0},
		"no operation id":   {admin, `{"operation":"7"}`, 400, "malformed-token", 0},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			_, got := a.newToken(t, tt.header, tt.body)
			checkCode(t, "POST /tokens", got, tt.status, tt.code)
			var made struct{ ExpiresAt time.Time }
			if _ = json.Unmarshal([]byte(got.body), &made); tt.status == 201 {
				if left := time.Until(made.ExpiresAt); left > tt.lasts || left < tt.lasts-30*time.Second {
					t.Errorf("the token lasts %s, want %s", left, tt.lasts)
				}
			}
		})
	}
}

// tokenOf makes a token for imports with a key.
func (a *api) tokenOf(t *testing.T, header string) string {
	t.Helper()
	made, got := a.newToken(t, header, `{"actions":["imports:create"]}`)
	checkCode(t, "POST /tokens", got, http.StatusCreated, "")
	return made.Token
}

// TestTokenRights: a token allows what it says, for its collections, and ends with the key that made it.
func TestTokenRights(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	key, id := a.newKey(t, nil)
	made, _ := a.newToken(t, key, `{"actions":["imports:create"],"collections":["tools"]}`)
	bearer := "Authorization: Bearer " + made.Token
	post := func(path string) reply {
		return a.send(t, oneClient, http.MethodPost, path, `{"tool_id":"A"}`, bearer, "Content-Type: application/x-ndjson")
	}
	post("/api/tools/import").check(t, "an import with the token", http.StatusAccepted)
	checkCode(t, "an import into another collection", post("/api/books/import"), 403, "collection-not-allowed")
	checkCode(t, "a list", a.send(t, oneClient, http.MethodGet, "/operations", "", bearer), 403, "action-not-allowed")
	checkCode(t, "the token's id with the prefix of a key",
		a.send(t, oneClient, http.MethodGet, "/me", "", "Authorization: Bearer "+strings.Replace(made.Token, "lst_", "lsk_", 1)), 401, "credential-invalid")
	if _, err := a.store.RevokeKey(t.Context(), access.DefaultTenant, id); err != nil {
		t.Fatal(err)
	}
	a.awaitRefused(t, bearer)
}

// awaitRefused waits until a credential is revoked, which takes a second at most.
func (a *api) awaitRefused(t *testing.T, header string) {
	t.Helper()
	for deadline := time.Now().Add(waitLimit); ; {
		got := a.send(t, oneClient, http.MethodGet, "/me", "", header)
		if got.status == http.StatusUnauthorized {
			checkCode(t, "GET /me", got, http.StatusUnauthorized, "credential-revoked")
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("GET /me = %d %s, want 401", got.status, got.body)
		}
	}
}

// TestTokenForEvents: a token for one operation is accepted in the address and as a cookie, for the events
// of that operation only. No other credential is accepted there.
func TestTokenForEvents(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	key, _ := a.newKey(t, nil)
	known, other := a.begin(t, key), a.begin(t, key)
	events := "/operations/" + known.id + "/events"
	made, _ := a.newToken(t, key, `{"operation":"`+known.id+`"}`)
	cookie := a.send(t, oneClient, http.MethodPost, "/tokens", `{"operation":"`+known.id+`","cookie":true}`, key, jsonMedia)
	set := cookie.header.Get("Set-Cookie")
	for _, want := range []string{"longshore_token=lst_", "; Path=" + events, "; HttpOnly", "; SameSite=Strict"} {
		if !strings.Contains(set, want) {
			t.Errorf("Set-Cookie = %q, want %q in it", set, want)
		}
	}
	if strings.Contains(cookie.body, "lst_") {
		t.Errorf("POST /tokens with cookie = %s, want no token in the body", cookie.body)
	}
	value, _, _ := strings.Cut(set, ";")
	token := made.Token
	session := a.newSession(t, key)
	all, _ := a.newToken(t, key, `{"actions":["operations:read"]}`)
	for name, tt := range map[string]struct {
		path, header string
		status       int
		code         string
	}{
		"address":                      {events + "?access_token=" + token, "X-None: 1", 200, ""},
		"cookie":                       {events, "Cookie: " + value, 200, ""},
		"header":                       {events, "Authorization: Bearer " + token, 200, ""},
		"events of another":            {"/operations/" + other.id + "/events?access_token=" + token, "X-None: 1", 403, "operation-not-allowed"},
		"another route by address":     {"/operations/" + known.id + "?access_token=" + token, "X-None: 1", 401, "credential-missing"},
		"another route by cookie":      {"/operations/" + known.id, "Cookie: " + value, 401, "credential-missing"},
		"another route by header":      {"/operations/" + known.id, "Authorization: Bearer " + token, 403, "operation-not-allowed"},
		"list":                         {"/operations", "Authorization: Bearer " + token, 403, "operation-not-allowed"},
		"key in the address":           {events + "?access_token=" + strings.TrimPrefix(key, "Authorization: Bearer "), "X-None: 1", 401, "credential-invalid"},
		"session in the address":       {events + "?access_token=" + session, "X-None: 1", 401, "credential-invalid"},
		"session as the cookie":        {events, "Cookie: longshore_token=" + session, 401, "credential-invalid"},
		"token of no operation":        {events + "?access_token=" + a.tokenOf(t, key), "X-None: 1", 401, "credential-invalid"},
		"token of all operations":      {events + "?access_token=" + all.Token, "X-None: 1", 401, "credential-invalid"},
		"empty token in the address":   {events + "?access_token=", "X-None: 1", 401, "credential-missing"},
		"invalid token in the address": {events + "?access_token=lst_x", "X-None: 1", 401, "credential-invalid"},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			checkCode(t, "GET "+tt.path, a.send(t, oneClient, http.MethodGet, tt.path, "", tt.header), tt.status, tt.code)
		})
	}
}

// newSession makes a session with a key.
func (a *api) newSession(t *testing.T, header string) string {
	t.Helper()
	got := a.send(t, oneClient, http.MethodPost, "/sessions", "", header)
	got.check(t, "POST /sessions", http.StatusCreated)
	var made struct{ Session string }
	if err := json.Unmarshal([]byte(got.body), &made); err != nil {
		t.Fatal(err)
	}
	return made.Session
}

// TestSessions: a session has the rights of its key, and ends with it or when it is closed.
func TestSessions(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	key, id := a.newKey(t, func(k *store.Key) { k.Actions = []string{"operations:read"} })
	closed, ended := "Authorization: Bearer "+a.newSession(t, key), "Authorization: Bearer "+a.newSession(t, key)
	me := a.send(t, oneClient, http.MethodGet, "/me", "", closed)
	if want := `{"kind":"session","id":"` + id + `","tenant":"default","actions":["operations:read"],`; !strings.HasPrefix(me.body, want) {
		t.Errorf("GET /me = %s, want %s…", me.body, want)
	}
	a.send(t, oneClient, http.MethodGet, "/operations", "", closed).check(t, "a list", http.StatusOK)
	checkCode(t, "a session of a session", a.send(t, oneClient, http.MethodPost, "/sessions", "", closed), 403, "session-not-allowed")
	checkCode(t, "the end of no session", a.send(t, oneClient, http.MethodDelete, "/sessions/current", "", key), 422, "no-session")
	a.send(t, oneClient, http.MethodDelete, "/sessions/current", "", closed).check(t, "the end of a session", http.StatusNoContent)
	a.awaitRefused(t, closed)
	a.send(t, oneClient, http.MethodGet, "/me", "", ended).check(t, "the other session", http.StatusOK)
	if _, err := a.store.RevokeKey(t.Context(), access.DefaultTenant, id); err != nil {
		t.Fatal(err)
	}
	a.awaitRefused(t, ended)
}

// TestEndTokens: an administrator ends tokens and sessions of the tenant, and of no other one.
func TestEndTokens(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	admin, _ := a.newKey(t, nil)
	foreign, _ := a.newKey(t, func(k *store.Key) { k.Tenant = "another" })
	importer, _ := a.newKey(t, func(k *store.Key) { k.Actions = []string{"imports:create", "tokens:create"} })
	made, _ := a.newToken(t, importer, `{"actions":["imports:create"]}`)
	token, session := "Authorization: Bearer "+made.Token, "Authorization: Bearer "+a.newSession(t, importer)
	secret, _ := access.ParseSecret(strings.TrimPrefix(session, "Authorization: Bearer "))
	for _, id := range []string{made.ID, secret.ID} {
		checkCode(t, "DELETE without the right", a.send(t, oneClient, http.MethodDelete, "/tokens/"+id, "", importer), http.StatusForbidden, "action-not-allowed")
		checkCode(t, "DELETE of another tenant", a.send(t, oneClient, http.MethodDelete, "/tokens/"+id, "", foreign), http.StatusNotFound, "token-not-found")
	}
	for id, header := range map[string]string{made.ID: token, secret.ID: session} {
		a.send(t, oneClient, http.MethodGet, "/me", "", header).check(t, "before the end", http.StatusOK)
		a.send(t, oneClient, http.MethodDelete, "/tokens/"+id, "", admin).check(t, "DELETE", http.StatusNoContent)
		a.awaitRefused(t, header)
	}
	checkCode(t, "DELETE of an invalid id", a.send(t, oneClient, http.MethodDelete, "/tokens/%00", "", admin), http.StatusNotFound, "token-not-found")
	a.send(t, oneClient, http.MethodGet, "/me", "", importer).check(t, "the key", http.StatusOK)
}

// TestTokenBytes: the bodies that are sent with a token have together as many bytes as it allows.
func TestTokenBytes(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	key, _ := a.newKey(t, nil)
	made, _ := a.newToken(t, key, `{"actions":["imports:create","collections:read"],"maxBytes":40}`)
	bearer, media := "Authorization: Bearer "+made.Token, "Content-Type: application/x-ndjson"
	record := `{"tool_id":"A"}` // 15 bytes
	post := func(body string) reply {
		return a.send(t, oneClient, http.MethodPost, "/api/tools/import", body, bearer, media)
	}
	chunked := func(body string) reply {
		conn := a.open(t, oneClient, head(http.MethodPost, "/api/tools/import", bearer, media, "Transfer-Encoding: chunked")+body)
		return readReply(t, conn)
	}
	post(record).check(t, "15 of 40 bytes", http.StatusAccepted)
	checkCode(t, "26 of 25 bytes", post(`{"tool_id":"ABCDEFGHIJKL"}`), 413, "token-bytes-exceeded")
	chunked("f\r\n"+record+"\r\n0\r\n\r\n").check(t, "15 of 25 bytes without a length", http.StatusAccepted)
	checkCode(t, "15 of 10 bytes without a length", chunked("f\r\n"+record+"\r\n0\r\n\r\n"), 413, "token-bytes-exceeded")
	checkCode(t, "nothing is left", post(record), 413, "token-bytes-exceeded")
	a.send(t, oneClient, http.MethodGet, "/me", "", bearer).check(t, "a request without a body", http.StatusOK)
	refused := a.send(t, oneClient, http.MethodGet, "/operations", "", key)
	if got := strings.Count(refused.body, `"kind":"import"`); got != 2 {
		t.Errorf("GET /operations = %s, want the two accepted imports", refused.body)
	}
}
