package routes_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// booksFile is a collection over the table books of newBookshop.
const booksFile = `{"x-longshore":{"table":"public.books","key":["isbn"],"ordering":"none"},"properties":{"isbn":{"type":"string"},"title":{"type":"string"}}}`

func newBookshop(t *testing.T) *api {
	t.Helper()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on", "LONGSHORE_ROLES": storetest.CallerRole})
	if _, err := storetest.Connect(t, a.url).Exec(t.Context(), `CREATE TABLE books (isbn TEXT PRIMARY KEY, title TEXT)`); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestStoreCollection stores, changes and deletes a collection; the api uses it at once.
func TestStoreCollection(t *testing.T) {
	t.Parallel()
	a := newBookshop(t)
	key, _ := a.newKey(t, nil)
	put := func(body string, headers ...string) reply {
		return a.send(t, oneClient, http.MethodPut, "/collections/books", body, append([]string{key, jsonMedia}, headers...)...)
	}
	checkCode(t, "an import before", a.send(t, oneClient, http.MethodPost, "/api/books/import", `[{"isbn":"1"}]`, key, jsonMedia), http.StatusNotFound, "unknown-collection")

	first := put(booksFile, "If-None-Match: *")
	if first.status != http.StatusCreated || !strings.Contains(first.body, `"shared":false`) || first.header.Get("Etag") != `"1"` {
		t.Fatalf("the first PUT = %d %s with the ETag %s, want 201 and version 1", first.status, first.body, first.header.Get("Etag"))
	}
	if got := put(booksFile); got.status != http.StatusOK || got.header.Get("Etag") != `"1"` {
		t.Errorf("the same PUT again = %d with the ETag %s, want 200 and the same version", got.status, got.header.Get("Etag"))
	}
	if got := a.send(t, oneClient, http.MethodGet, "/collections/books", "", key); strings.TrimSpace(got.body) != booksFile || got.header.Get("Etag") != `"1"` {
		t.Errorf("GET = %s with the ETag %s, want what was sent", got.body, got.header.Get("Etag"))
	}
	if got := a.send(t, oneClient, http.MethodPost, "/api/books/import", `[{"isbn":"1"}]`, key, jsonMedia); got.status != http.StatusAccepted {
		t.Errorf("an import = %d %s, want 202", got.status, got.body)
	}
	checkCode(t, "If-None-Match", put(booksFile, "If-None-Match: *"), http.StatusPreconditionFailed, "collection-changed")
	checkCode(t, "If-Match of another version", put(booksFile, `If-Match: "7"`), http.StatusPreconditionFailed, "collection-changed")
	if got := put(strings.Replace(booksFile, `"title":{"type":"string"}`, `"title":{"maxLength":10}`, 1), `If-Match: "1"`); got.status != http.StatusOK || got.header.Get("Etag") != `"2"` {
		t.Errorf("a change = %d %s, want 200 and version 2", got.status, got.body)
	}
	checkCode(t, "DELETE of another version", a.send(t, oneClient, http.MethodDelete, "/collections/books", "", key, `If-Match: "1"`), http.StatusPreconditionFailed, "collection-changed")
	if got := a.send(t, oneClient, http.MethodDelete, "/collections/books", "", key, `If-Match: W/"2"`); got.status != http.StatusNoContent {
		t.Errorf("DELETE = %d %s, want 204", got.status, got.body)
	}
	checkCode(t, "an import afterwards", a.send(t, oneClient, http.MethodPost, "/api/books/import", `[{"isbn":"1"}]`, key, jsonMedia), http.StatusNotFound, "unknown-collection")
	checkCode(t, "DELETE again", a.send(t, oneClient, http.MethodDelete, "/collections/books", "", key), http.StatusNotFound, "unknown-collection")
	checkCode(t, "DELETE of a shipped one", a.send(t, oneClient, http.MethodDelete, "/collections/tools", "", key), http.StatusConflict, "collection-shared")
	if got := put(booksFile); got.status != http.StatusCreated {
		t.Errorf("PUT after DELETE = %d, want 201", got.status)
	}
}

// TestStoreCollectionErrors: what can't be stored is refused with the reason.
func TestStoreCollectionErrors(t *testing.T) {
	t.Parallel()
	a := newBookshop(t)
	key, _ := a.newKey(t, nil)
	reader, _ := a.newKey(t, func(k *store.Key) { k.Actions = []string{"collections:read"} })
	other, _ := a.newKey(t, func(k *store.Key) { k.Collections = []string{"other"} })
	for name, tt := range map[string]struct {
		path, header, body string
		status             int
		code               string
	}{
		"syntax":       {"books", key, `{`, 422, "invalid-collection"},
		"no table":     {"books", key, strings.Replace(booksFile, "public.books", "", 1), 422, "invalid-collection"},
		"name":         {"B", key, booksFile, 422, "invalid-collection"},
		"our table":    {"books", key, strings.Replace(booksFile, "public.books", "xforce.api_keys", 1), 422, "invalid-collection"},
		"our table 2":  {"books", key, strings.Replace(booksFile, "public.books", `\"xforce\".tasks`, 1), 422, "invalid-collection"},
		"lost table":   {"books", key, strings.Replace(booksFile, "public.books", "public.lost", 1), 409, "collection-does-not-fit"},
		"lost column":  {"books", key, strings.Replace(booksFile, `"title"`, `"titel"`, 1), 409, "collection-does-not-fit"},
		"check":        {"books?check=perhaps", key, booksFile, 400, "invalid-check"},
		"not UTF-8":    {"books", key, "{\"a\":\"\xff\"}", 400, "malformed-collection"},
		"too large":    {"books", key, `{"a":"` + strings.Repeat("x", 5<<20) + `"}`, 413, "collection-too-large"},
		"no right":     {"books", reader, booksFile, 403, "action-not-allowed"},
		"another name": {"books", other, booksFile, 403, "collection-not-allowed"},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			got := a.send(t, oneClient, http.MethodPut, "/collections/"+tt.path, tt.body, tt.header, jsonMedia)
			checkCode(t, "PUT", got, tt.status, tt.code)
		})
	}
	checkCode(t, "an import", a.send(t, oneClient, http.MethodPost, "/api/books/import", `[]`, key, jsonMedia), http.StatusNotFound, "unknown-collection")
}

// TestCollectionDoesNotFit: an import into a collection that does not fit its table is refused before its body is
// read; others go on.
func TestCollectionDoesNotFit(t *testing.T) {
	t.Parallel()
	a := newBookshop(t)
	key, _ := a.newKey(t, nil)
	lost := strings.Replace(booksFile, "public.books", "public.lost", 1)
	if got := a.send(t, oneClient, http.MethodPut, "/collections/books?check=false", lost, key, jsonMedia); got.status != http.StatusCreated {
		t.Fatalf("PUT with check=false = %d %s, want 201", got.status, got.body)
	}
	got := a.send(t, oneClient, http.MethodPost, "/api/books/import", `[{"isbn":"1"}]`, key, jsonMedia)
	checkCode(t, "an import", got, http.StatusConflict, "collection-does-not-fit")
	if !strings.Contains(got.body, "there is no table public.lost") {
		t.Errorf("the answer = %s, want the reason", got.body)
	}
	checkCode(t, "an upload", a.send(t, oneClient, http.MethodPost, "/api/books/import:upload-start", ``, key, jsonMedia), http.StatusConflict, "collection-does-not-fit")
	if got := a.send(t, oneClient, http.MethodPost, "/api/tools/import", `[{"tool_id":"1","tool_name":"a","category":"b"}]`, key, jsonMedia); got.status != http.StatusAccepted {
		t.Errorf("an import of tools = %d %s, want 202", got.status, got.body)
	}
}

// TestStoreLookup: a lookup needs a unique index on the other side, when it is stored and afterwards.
func TestStoreLookup(t *testing.T) {
	t.Parallel()
	a := newBookshop(t)
	key, _ := a.newKey(t, nil)
	conn := storetest.Connect(t, a.url)
	storetest.Exec(t, conn, `CREATE TABLE authors (id INT PRIMARY KEY, name TEXT); ALTER TABLE books ADD author_id INT REFERENCES authors`)
	const file = `{"x-longshore":{"table":"public.books","key":["isbn"],"ordering":"none","lookups":{"author_id":{"table":"public.authors","by":{"author.name":"name"}}}},
  "properties":{"isbn":{"type":"string"},"author_id":{"type":"integer"}}}`
	put := func(file string) reply {
		return a.send(t, oneClient, http.MethodPut, "/collections/books", file, key, jsonMedia)
	}
	wantReason := func(what string, got reply) {
		t.Helper()
		if !strings.Contains(got.body, "by needs a primary key or a unique index on exactly (name)") {
			t.Errorf("%s = %d %s, want the reason", what, got.status, got.body)
		}
	}
	refused := put(file)
	checkCode(t, "without an index", refused, http.StatusConflict, "collection-does-not-fit")
	wantReason("PUT", refused)
	checkCode(t, "no path", put(strings.Replace(file, "author.name", "author..name", 1)), 422, "invalid-collection")
	checkCode(t, "our table", put(strings.Replace(file, "public.authors", "xforce.tools", 1)), 422, "invalid-collection")
	storetest.Exec(t, conn, `CREATE UNIQUE INDEX authors_name ON authors (name)`)
	if got := put(file); got.status != http.StatusCreated {
		t.Fatalf("PUT = %d %s, want 201", got.status, got.body)
	}
	storetest.Exec(t, conn, `DROP INDEX authors_name`)
	wantReason("POST :check", a.send(t, oneClient, http.MethodPost, "/collections/books:check", "", key))
	got := a.send(t, oneClient, http.MethodPost, "/api/books/import", `[{"isbn":"1","author.name":"Ann"}]`, key, jsonMedia)
	checkCode(t, "an import after the index was dropped", got, http.StatusConflict, "collection-does-not-fit")
}

// TestStoreProposal stores what is inferred.
func TestStoreProposal(t *testing.T) {
	t.Parallel()
	a := newBookshop(t)
	key, _ := a.newKey(t, nil)
	propose := func() reply {
		return a.send(t, oneClient, http.MethodPost, "/collections:infer", `{"table":"books","store":true}`, key, jsonMedia)
	}
	if got := propose(); got.status != http.StatusCreated || got.header.Get("Location") != "/collections/books" {
		t.Fatalf("POST /collections:infer = %d %s, want 201", got.status, got.body)
	}
	if got := a.send(t, oneClient, http.MethodPost, "/api/books/import", `[{"isbn":"1"}]`, key, jsonMedia); got.status != http.StatusAccepted {
		t.Errorf("an import = %d %s, want 202", got.status, got.body)
	}
	checkCode(t, "again", propose(), http.StatusConflict, "collection-exists")
}

// TestCollectionsOfTenants: a tenant sees and changes its own collections only, and one that is not the default
// tenant uses tables with the role of the caller.
func TestCollectionsOfTenants(t *testing.T) {
	t.Parallel()
	a := newBookshop(t)
	ours, _ := a.newKey(t, nil)
	theirs, _ := a.newKey(t, func(k *store.Key) { k.Tenant, k.Role = "other", storetest.CallerRole })
	put := func(key, file string) reply {
		return a.send(t, oneClient, http.MethodPut, "/collections/books", file, key, jsonMedia)
	}
	if got := put(ours, booksFile); got.status != http.StatusCreated {
		t.Fatalf("PUT = %d %s, want 201", got.status, got.body)
	}
	unknown := a.send(t, oneClient, http.MethodGet, "/collections/lost", "", theirs)
	foreign := a.send(t, oneClient, http.MethodGet, "/collections/books", "", theirs)
	if foreign.status != unknown.status || strings.ReplaceAll(foreign.body, "books", "lost") != unknown.body && !sameProblem(t, foreign.body, unknown.body) {
		t.Errorf("GET of a foreign collection = %d %s, want the answer to an unknown one: %d %s", foreign.status, foreign.body, unknown.status, unknown.body)
	}
	withRole := strings.Replace(booksFile, `"table"`, `"role":"claim","table"`, 1)
	propose := func(key string) reply {
		return a.send(t, oneClient, http.MethodPost, "/collections:infer", `{"table":"books"}`, key, jsonMedia)
	}
	noRole, _ := a.newKey(t, func(k *store.Key) { k.Tenant = "other" })
	checkCode(t, "a key without a role", put(noRole, withRole), http.StatusForbidden, "role-missing")
	checkCode(t, "a table that the role may not read", put(theirs, withRole), http.StatusNotFound, "table-not-found")
	checkCode(t, "a proposal for such a table", propose(theirs), http.StatusNotFound, "table-not-found")
	storetest.Exec(t, storetest.Connect(t, a.url), `GRANT SELECT ON books TO `+storetest.CallerRole+`; CREATE TABLE secrets (id INT PRIMARY KEY, k TEXT UNIQUE)`)
	looking := strings.Replace(withRole, `"key"`, `"lookups":{"title":{"table":"public.secrets","by":{"s.k":"k"},"value":"id"}},"key"`, 1)
	checkCode(t, "a lookup in a table that the role may not read", put(theirs, looking), http.StatusNotFound, "table-not-found")
	checkCode(t, "without a role", put(theirs, booksFile), http.StatusForbidden, "role-required")
	if got := propose(theirs); got.status != http.StatusOK || !strings.Contains(got.body, `"role":"claim"`) {
		t.Errorf("a proposal = %d %s, want one with the role of the caller", got.status, got.body)
	}
	if got := put(theirs, withRole); got.status != http.StatusCreated {
		t.Errorf("PUT with the role of the caller = %d %s, want 201", got.status, got.body)
	}
	if got := a.send(t, oneClient, http.MethodGet, "/collections/books", "", ours); strings.TrimSpace(got.body) != booksFile {
		t.Errorf("GET = %s, want our own collection", got.body)
	}
	if got := a.send(t, oneClient, http.MethodDelete, "/collections/books", "", theirs); got.status != http.StatusNoContent {
		t.Errorf("DELETE = %d %s, want 204", got.status, got.body)
	}
	if got := a.send(t, oneClient, http.MethodGet, "/collections/books", "", ours); got.status != http.StatusOK {
		t.Errorf("GET after the other tenant's DELETE = %d, want 200", got.status)
	}
}

// sameProblem compares two problems but for their details and the ids of their requests.
func sameProblem(t *testing.T, x, y string) bool {
	t.Helper()
	var p, q struct{ Type, Title string }
	if err := json.Unmarshal([]byte(x), &p); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(y), &q); err != nil {
		t.Fatal(err)
	}
	return p == q
}
