package routes_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// newKey stores a key with all actions and collections, changed by change, and returns its header.
func (a *api) newKey(tb testing.TB, change func(*store.Key)) (header, id string) {
	tb.Helper()
	secret := access.NewSecret()
	key := store.Key{ID: secret.ID, Tenant: access.DefaultTenant, Digest: secret.Digest(), Actions: access.All().Names(), Collections: []string{"*"}, CreatedBy: "test"}
	if change != nil {
		change(&key)
	}
	if err := a.store.CreateKey(tb.Context(), key); err != nil {
		tb.Fatal(err)
	}
	return "Authorization: Bearer " + secret.Reveal(), secret.ID
}

// without returns a change that takes an action from a key.
func without(action access.Action) func(*store.Key) {
	return func(k *store.Key) {
		k.Actions = slices.DeleteFunc(k.Actions, func(a string) bool { return a == string(action) })
	}
}

// pathOf returns an address of the route, about an operation with an id and a number.
func pathOf(r edge.Route, op operationIDs) string {
	path := r.Path
	if r.Method == http.MethodPost && strings.HasSuffix(path, "/:id") {
		path += ":cancel"
	}
	if r.Method == http.MethodPost && strings.HasSuffix(path, "/:collection") {
		path += ":check"
	}
	if r.Method == http.MethodPost && strings.HasSuffix(path, "/:upload") {
		path += ":upload-finish"
	}
	return strings.NewReplacer(`\:`, ":", ":collection", "tools", "operations/:id", "operations/"+op.id, "status/:id", "status/"+op.id,
		":reference", op.reference, ":task", op.number, ":number", op.number, ":file", "report-"+op.number+".pdf",
		":upload-finish", ":upload-finish", ":upload-start", ":upload-start", ":upload", op.upload, ":part", "7", ":key", "aaaaaaaaaaaaaaaa", ":token", "aaaaaaaaaaaaaaaa").Replace(path)
}

// operationIDs are all the names of an operation, and the id of an upload.
type operationIDs struct{ id, reference, number, upload string }

func unknownOperation() operationIDs {
	return operationIDs{uuid.NewString(), "ABCDEFGHIJK", "999999", uuid.NewString()}
}

// protected returns the routes of the api with their HEADs, but for the public ones.
func (a *api) protected() []edge.Route {
	return slices.DeleteFunc(edge.WithHead(slices.Concat(a.routes...)), func(r edge.Route) bool { return r.Action == access.Public })
}

// TestRoutesRequireCredential sends every kind of bad credential to every route.
func TestRoutesRequireCredential(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	revoked, id := a.newKey(t, nil)
	if _, err := a.store.RevokeKey(t.Context(), access.DefaultTenant, id); err != nil {
		t.Fatal(err)
	}
	expired, _ := a.newKey(t, func(k *store.Key) { k.ExpiresAt = time.Now().Add(-time.Minute) })
	const bearer = "Authorization: Bearer "
	for name, tt := range map[string]struct {
		header    string
		code      string
		challenge string
	}{
		"none":                     {"X-None: 1", "credential-missing", `Bearer realm="longshore"`},
		"malformed":                {bearer + "lsk_x", "credential-invalid", `Bearer realm="longshore", error="invalid_token"`},
		"unknown":                  {bearer + access.NewSecret().Reveal(), "credential-invalid", `Bearer realm="longshore", error="invalid_token"`},
		"revoked":                  {revoked, "credential-revoked", `Bearer realm="longshore", error="invalid_token"`},
		"expired":                  {expired, "credential-expired", `Bearer realm="longshore", error="invalid_token"`},
		"token of a revoked key":   {a.credential(t, access.Token, id, time.Minute), "credential-revoked", `Bearer realm="longshore", error="invalid_token"`},
		"session of a revoked key": {a.credential(t, access.Session, id, time.Minute), "credential-revoked", `Bearer realm="longshore", error="invalid_token"`},
		"expired token":            {a.credential(t, access.Token, "", -time.Minute), "credential-expired", `Bearer realm="longshore", error="invalid_token"`},
		"expired session":          {a.credential(t, access.Session, "", -time.Minute), "credential-expired", `Bearer realm="longshore", error="invalid_token"`},
		"token of an issuer":       {bearer + "eyJhbGciOiJub25lIn0.e30.", "credential-invalid", `Bearer realm="longshore", error="invalid_token"`},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			for _, route := range a.protected() {
				got := a.send(t, oneClient, route.Method, pathOf(route, unknownOperation()), "{}", tt.header, "Content-Type: application/json")
				a.checkRefusal(t, route, got, http.StatusUnauthorized, tt.code)
				if challenge := got.header.Get("WWW-Authenticate"); challenge != tt.challenge {
					t.Errorf("%s %s: WWW-Authenticate = %q, want %q", route.Method, route.Path, challenge, tt.challenge)
				}
			}
		})
	}
}

// credential stores a token or a session with all rights, and returns its header.
func (a *api) credential(t *testing.T, kind access.Kind, keyID string, lasts time.Duration) (header string) {
	t.Helper()
	secret := access.NewCredential(kind)
	err := a.store.CreateToken(t.Context(), store.Credential{
		Kind: kind, Principal: "test", KeyID: keyID, Key: store.Key{
			ID: secret.ID, Tenant: access.DefaultTenant, Digest: secret.Digest(), Actions: access.All().Names(), Collections: []string{"*"},
			ExpiresAt: time.Now().Add(lasts),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: Bearer " + secret.Reveal()
}

// googleReason is what an error of Google's APIs with the code contains.
func googleReason(code string) string {
	return `"reason":"` + strings.ToUpper(strings.ReplaceAll(code, "-", "_")) + `"`
}

// checkRefusal checks the status and the code of an answer.
func (a *api) checkRefusal(t *testing.T, route edge.Route, got reply, status int, code string) {
	t.Helper()
	if got.status != status || route.Method != http.MethodHead && !strings.Contains(got.body, "urn:longshore:problem:"+code+`"`) && !strings.Contains(got.body, googleReason(code)) {
		t.Errorf("%s %s = %d %s, want %d %s", route.Method, route.Path, got.status, got.body, status, code)
	}
}

// TestRoutesRequireAction sends a key to every route that may do everything but the action of the route.
func TestRoutesRequireAction(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	headers := make(map[access.Action]string)
	for _, route := range a.protected() {
		if route.Action == access.Authenticated {
			continue
		}
		if !route.Action.Known() {
			t.Errorf("%s %s has the action %q, want a known one", route.Method, route.Path, route.Action)
			continue
		}
		if headers[route.Action] == "" {
			headers[route.Action], _ = a.newKey(t, without(route.Action))
		}
		got := a.send(t, oneClient, route.Method, pathOf(route, unknownOperation()), "{}", headers[route.Action], "Content-Type: application/json")
		a.checkRefusal(t, route, got, http.StatusForbidden, "action-not-allowed")
		want := `Bearer realm="longshore", error="insufficient_scope", scope="` + string(route.Action) + `"`
		if challenge := got.header.Get("WWW-Authenticate"); challenge != want {
			t.Errorf("%s %s: WWW-Authenticate = %q, want %q", route.Method, route.Path, challenge, want)
		}
	}
}

// TestRoutesRequireCollection: a key for other collections gets the same answer for an operation on this
// one as for an unknown operation, and no list contains it. It may not start anything.
func TestRoutesRequireCollection(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	all, _ := a.newKey(t, nil)
	other, _ := a.newKey(t, func(k *store.Key) { k.Collections = []string{"books", "shop-*"} })
	known := a.begin(t, all)
	for _, route := range a.protected() {
		name := route.Method + " " + route.Path
		send := func(op operationIDs) reply {
			body := map[string]string{"/search": `{"collection":"tools"}`, "/start-report": `{"report":"records","collection":"tools","format":"csv"}`}[route.Path]
			return a.send(t, oneClient, route.Method, pathOf(route, op), body, other, "Content-Type: application/json", "X-Request-Id: r")
		}
		if strings.HasPrefix(route.Path, "/keys") || route.Path == "/audit" || route.Action == access.Authenticated { // which are about no collection
			continue
		}
		unknown := unknownOperation()
		got, want := send(known), send(unknown)
		if anonymous(got.body, known) != anonymous(want.body, unknown) || got.status != want.status {
			t.Errorf("%s of a foreign operation = %d %s, want %d %s as of an unknown one", name, got.status, got.body, want.status, want.body)
		}
		if strings.Contains(route.Path, ":collection") || route.Path == "/search" || route.Path == "/start-report" {
			a.checkRefusal(t, route, got, http.StatusForbidden, "collection-not-allowed")
		}
	}
	imports := a.send(t, oneClient, http.MethodPost, "/start-report", `{"report":"imports","format":"pdf"}`, other, "Content-Type: application/json")
	if imports.status != http.StatusForbidden || !strings.Contains(imports.body, "collection-not-allowed") {
		t.Errorf("a report on all imports = %d %s, want 403 collection-not-allowed", imports.status, imports.body)
	}
	a.send(t, oneClient, http.MethodGet, "/operations/"+known.id, "", all).check(t, "the operation with a key for all collections", http.StatusOK)
	if got := a.send(t, oneClient, http.MethodGet, "/operations", "", all); !strings.Contains(got.body, known.id) {
		t.Errorf("GET /operations with a key for all collections = %s, want the operation", got.body)
	}
}

// begin accepts an import and starts an upload, and returns their names.
func (a *api) begin(t *testing.T, header string) operationIDs {
	t.Helper()
	const media = "Content-Type: application/x-ndjson"
	accepted := a.send(t, oneClient, http.MethodPost, "/api/tools/import", `{"tool_id":"A"}`, header, media)
	accepted.check(t, "POST", http.StatusAccepted)
	_, id, _ := strings.Cut(accepted.header.Get("Operation-Location"), "/operations/")
	op, err := a.store.Operation(access.With(t.Context(), access.NewLocal()), uuid.MustParse(id))
	if err != nil {
		t.Fatal(err)
	}
	started := a.send(t, oneClient, http.MethodPost, "/api/tools/import:upload-start", "", header, media)
	started.check(t, "upload-start", http.StatusCreated)
	_, upload, _ := strings.Cut(started.header.Get("Location"), "/uploads/")
	return operationIDs{id, op.Reference, strconv.FormatInt(op.Number, 10), upload}
}

// TestRoutesOfAnotherTenant: for a key of another tenant, an operation and an upload are like those that
// do not exist, at every route, and no list contains them. The same Operation-Id is accepted.
func TestRoutesOfAnotherTenant(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	own, _ := a.newKey(t, nil)
	foreign, _ := a.newKey(t, func(k *store.Key) { k.Tenant = "another" })
	known := a.begin(t, own)
	for _, route := range a.protected() {
		starts := route.Method == http.MethodPost && !strings.HasSuffix(route.Path, "/:id") && !strings.HasSuffix(route.Path, "/:upload")
		if starts || strings.HasPrefix(route.Path, "/keys") || route.Path == "/audit" { // which are about no operation
			continue
		}
		send := func(op operationIDs) reply {
			return a.send(t, oneClient, route.Method, pathOf(route, op), "", foreign, "Content-Type: application/json", "X-Request-Id: r")
		}
		unknown := unknownOperation()
		got, want := send(known), send(unknown)
		if anonymous(got.body, known) != anonymous(want.body, unknown) || got.status != want.status {
			t.Errorf("%s %s of a foreign operation = %d %s, want %d %s as of an unknown one",
				route.Method, route.Path, got.status, got.body, want.status, want.body)
		}
	}
	again := a.send(t, oneClient, http.MethodPost, "/api/tools/import", `{"tool_id":"B"}`, foreign, "Content-Type: application/x-ndjson", "Operation-Id: "+known.id)
	again.check(t, "POST with the Operation-Id of another tenant", http.StatusAccepted)
	if !strings.HasSuffix(again.header.Get("Operation-Location"), known.id) {
		t.Errorf("Operation-Location = %s, want the id that the client chose", again.header.Get("Operation-Location"))
	}
	a.send(t, oneClient, http.MethodGet, "/operations/"+known.id, "", own).check(t, "the operation for its own tenant", http.StatusOK)
}

// anonymous replaces the names of an operation.
func anonymous(body string, op operationIDs) string {
	return strings.NewReplacer(op.id, "{id}", op.upload, "{upload}", op.reference, "{reference}", "/"+op.number, "/{number}", "report-"+op.number, "report-{number}",
		"number "+op.number, "number {number}").Replace(body)
}

// TestRevokedKeyEndsRequests: what is open when a key is revoked ends, and polls with other keys go on.
func TestRevokedKeyEndsRequests(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	header, id := a.newKey(t, nil)
	accepted := a.send(t, oneClient, http.MethodPost, "/api/tools/import", `{"tool_id":"A"}`, header, "Content-Type: application/x-ndjson")
	_, path, _ := strings.Cut(accepted.header.Get("Operation-Location"), a.address)
	open := map[string]string{
		"an event stream": head(http.MethodGet, path+"/events", header),
		"a long poll":     head(http.MethodGet, path, header, "Prefer: wait=60"),
		"an upload": head(http.MethodPost, "/api/tools/import", header, "Content-Type: application/x-ndjson", "Content-Length: 1000") +
			`{"tool_id":"B"}`,
	}
	ended := make(chan string, len(open))
	for name, request := range open {
		conn := a.open(t, oneClient, request)
		go func() {
			_ = conn.SetReadDeadline(time.Now().Add(waitLimit))
			buffer := make([]byte, 1<<16)
			var text strings.Builder
			for {
				n, err := conn.Read(buffer)
				text.Write(buffer[:n])
				if err != nil || strings.Contains(text.String(), "credential-revoked") || strings.HasSuffix(text.String(), "0\r\n\r\n") {
					break
				}
			}
			ended <- name + ": " + text.String()
		}()
	}
	awaitUsed(t, "waits", a.gate.Waits, 2)
	awaitUsed(t, "uploads", a.gate.Uploads, 1)
	if _, err := a.store.RevokeKey(t.Context(), access.DefaultTenant, id); err != nil {
		t.Fatal(err)
	}
	for range open {
		select {
		case text := <-ended:
			if !strings.HasPrefix(text, "an event stream") && !strings.Contains(text, "credential-revoked") {
				t.Errorf("%s, want 401 credential-revoked", text)
			}
		case <-time.After(waitLimit):
			t.Fatal("a request with a revoked key is still open")
		}
	}
	a.awaitReleased(t)
	sql := storetest.Connect(t, a.url)
	storetest.Await(t, sql, `SELECT count(*) = 1 FROM xforce.tasks`) // the upload left nothing
}

// TestKeys makes, lists and revokes keys, with no more rights than those of the maker.
func TestKeys(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	admin, _ := a.newKey(t, nil)
	limited, _ := a.newKey(t, func(k *store.Key) {
		k.Actions, k.Collections = []string{"keys:write", "search", "operations:read"}, []string{"shop-*"}
	})
	foreign, _ := a.newKey(t, func(k *store.Key) { k.Tenant = "another" })
	post := func(header, body string) reply {
		return a.send(t, oneClient, http.MethodPost, "/keys", body, header, "Content-Type: application/json")
	}
	for name, tt := range map[string]struct {
		header, body string
		status       int
		code         string
	}{
		"bundle":              {admin, `{"bundle":"importer","name":"shop","collections":["books"],"expires_in":"1h"}`, 201, ""},
		"actions":             {limited, `{"actions":["search"]}`, 201, ""},
		"fewer collections":   {limited, `{"actions":["search"],"collections":["shop-a"]}`, 201, ""},
		"role":                {admin, `{"bundle":"viewer","role":"app","claims":{"org":1}}`, 201, ""},
		"more actions":        {limited, `{"bundle":"importer"}`, 403, "action-not-allowed"},
		"more collections":    {limited, `{"actions":["search"],"collections":["*"]}`, 403, "collection-not-allowed"},
		"role without rights": {limited, `{"actions":["search"],"role":"app"}`, 403, "role-not-allowed"},
		"another tenant":      {admin, `{"bundle":"admin","tenant":"another"}`, 403, "tenant-not-allowed"},
		"name of a tenant":    {admin, `{"bundle":"admin","tenant":"an other"}`, 422, "invalid-key"},
		"unknown bundle":      {admin, `{"bundle":"root"}`, 422, "invalid-key"},
		"unknown action":      {admin, `{"actions":["root"]}`, 422, "invalid-key"},
		"neither":             {admin, `{}`, 422, "invalid-key"},
		"both":                {admin, `{"bundle":"viewer","actions":["search"]}`, 422, "invalid-key"},
		"pattern":             {admin, `{"bundle":"viewer","collections":["*x"]}`, 422, "invalid-key"},
		"expired":             {admin, `{"bundle":"viewer","expires_in":"-1h"}`, 422, "invalid-key"},
		"claims":              {admin, `{"bundle":"viewer","claims":[1]}`, 422, "invalid-key"},
		"unknown member":      {admin, `{"bundle":"viewer","secret":"x"}`, 400, "malformed-key"},
		"not JSON":            {admin, `bundle=viewer`, 400, "malformed-key"},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			got := post(tt.header, tt.body)
			if got.status != tt.status || tt.code != "" && !strings.Contains(got.body, "urn:longshore:problem:"+tt.code+`"`) {
				t.Fatalf("POST /keys = %d %s, want %d %s", got.status, got.body, tt.status, tt.code)
			}
			if tt.status != http.StatusCreated {
				return
			}
			var made struct{ ID, Key string }
			if err := json.Unmarshal([]byte(got.body), &made); err != nil {
				t.Fatal(err)
			}
			bearer := "Authorization: Bearer " + made.Key
			if got := a.send(t, oneClient, http.MethodGet, "/operations", "", bearer); got.status != http.StatusOK && got.status != http.StatusForbidden {
				t.Errorf("GET /operations with the new key = %d %s, want an authenticated answer", got.status, got.body)
			}
			listed := a.send(t, oneClient, http.MethodGet, "/keys", "", tt.header)
			if secret := made.Key[len("lsk_")+len(made.ID)+1:]; !strings.Contains(listed.body, made.ID) || strings.Contains(listed.body, secret) {
				t.Errorf("GET /keys = %s, want the key without its secret", listed.body)
			}
			a.send(t, oneClient, http.MethodDelete, "/keys/"+made.ID, "", foreign).check(t, "DELETE with a key of another tenant", http.StatusNotFound)
			a.send(t, oneClient, http.MethodDelete, "/keys/"+made.ID, "", tt.header).check(t, "DELETE", http.StatusNoContent)
		})
	}
	if got := a.send(t, oneClient, http.MethodGet, "/keys", "", foreign); strings.Count(got.body, `"id"`) != 1 {
		t.Errorf("GET /keys of another tenant = %s, want its own key only", got.body)
	}
}

// TestActionsOfRequests: where the request or the state of the operation decides what is done, the action
// for that is required.
func TestActionsOfRequests(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	only := func(actions ...access.Action) string {
		header, _ := a.newKey(t, func(k *store.Key) {
			k.Actions = nil
			for _, action := range actions {
				k.Actions = append(k.Actions, string(action))
			}
		})
		return header
	}
	importer, reader := only(access.CreateImports), only(access.ReadOperations)
	canceller, deleter := only(access.ReadOperations, access.CancelOperations), only(access.CancelOperations, access.DeleteOperations)
	accepted := a.send(t, oneClient, http.MethodPost, "/api/tools/import", `{"tool_id":"A"}`, importer, "Content-Type: application/x-ndjson")
	accepted.check(t, "POST", http.StatusAccepted)
	_, id, _ := strings.Cut(accepted.header.Get("Operation-Location"), "/operations/")
	for _, tt := range []struct {
		method, path, header string
		status               int
		needs                access.Action
	}{
		{http.MethodGet, "/tasks/1?cancel=true", reader, http.StatusForbidden, access.CancelOperations},
		{http.MethodPost, "/operations/" + id + ":cancel", reader, http.StatusForbidden, access.CancelOperations},
		{http.MethodDelete, "/operations/" + id, reader, http.StatusForbidden, access.CancelOperations},
		{http.MethodGet, "/tasks/1?cancel=true", canceller, http.StatusOK, ""},
		{http.MethodGet, "/tasks/1?prune=true", canceller, http.StatusForbidden, access.DeleteOperations},
		{http.MethodDelete, "/operations/" + id, canceller, http.StatusForbidden, access.DeleteOperations},
		{http.MethodDelete, "/v1/operations/" + id, canceller, http.StatusForbidden, access.DeleteOperations},
		{http.MethodGet, "/tasks/1", reader, http.StatusOK, ""},
		{http.MethodDelete, "/operations/" + id, deleter, http.StatusNoContent, ""},
	} {
		got := a.send(t, oneClient, tt.method, tt.path, "", tt.header)
		if got.status != tt.status || !strings.Contains(got.body, string(tt.needs)) {
			t.Errorf("%s %s = %d %s, want %d %s", tt.method, tt.path, got.status, got.body, tt.status, tt.needs)
		}
	}
}
