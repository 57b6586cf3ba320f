package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestCollections: the list has the collections of the key, a collection is shown as its file, and a check
// says what does not fit.
func TestCollections(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	all, _ := a.newKey(t, nil)
	none, _ := a.newKey(t, func(k *store.Key) { k.Collections = []string{"books"} })
	if got := a.send(t, oneClient, http.MethodGet, "/collections", "", all); !strings.Contains(got.body, `{"name":"tools","table":"xforce.tools","key":["tool_id"],"ordering":"columns"`) {
		t.Errorf("GET /collections = %s, want the tools", got.body)
	}
	if got := a.send(t, oneClient, http.MethodGet, "/collections", "", none); got.body != `{"collections":[]}`+"\n" {
		t.Errorf("GET /collections of a key for another one = %s, want none", got.body)
	}
	if got := a.send(t, oneClient, http.MethodGet, "/collections/tools", "", all); !strings.Contains(got.body, `"x-longshore"`) || got.status != http.StatusOK {
		t.Errorf("GET /collections/tools = %d %s, want its file", got.status, got.body)
	}
	checkCode(t, "an unknown collection", a.send(t, oneClient, http.MethodGet, "/collections/lost", "", all), http.StatusNotFound, "unknown-collection")
	checkCode(t, "no action", a.send(t, oneClient, http.MethodPost, "/collections/tools", "", all), http.StatusNotFound, "no-such-action")
	check := func() reply { return a.send(t, oneClient, http.MethodPost, "/collections/tools:check", "", all) }
	if got := check(); got.body != `{"name":"tools","fits":true,"reasons":[]}`+"\n" {
		t.Errorf("a check = %s, want that it fits", got.body)
	}
	sql := storetest.Connect(t, a.url)
	for change, want := range map[string]string{
		`ALTER TABLE xforce.tools RENAME category TO kind`: `property \"category\" has no column`,
		`ALTER TABLE xforce.tools RENAME TO lost`:          `there is no table xforce.tools`,
		`ALTER TABLE xforce.tools RENAME TO "Tools"`:       `there is no table xforce.tools: there is xforce.\"Tools\": write a name with capitals in quotes`,
	} {
		if _, err := sql.Exec(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		if got := check(); got.status != http.StatusOK || !strings.Contains(got.body, `"fits":false`) || !strings.Contains(got.body, want) {
			t.Errorf("a check after %s = %d %s, want %s", change, got.status, got.body, want)
		}
		_, _ = sql.Exec(t.Context(), `ALTER TABLE IF EXISTS xforce.lost RENAME TO tools; ALTER TABLE IF EXISTS xforce."Tools" RENAME TO tools`)
	}
}

// TestInferCollection: a collection is proposed for a table, or the answer says why not.
func TestInferCollection(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	all, _ := a.newKey(t, nil)
	operator, _ := a.newKey(t, func(k *store.Key) { k.Actions = []string{"collections:read"} })
	if _, err := storetest.Connect(t, a.url).Exec(t.Context(), `
CREATE TABLE books (isbn TEXT PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE twice (id SERIAL PRIMARY KEY, a TEXT NOT NULL UNIQUE, b TEXT NOT NULL UNIQUE); CREATE TABLE bare (a TEXT); CREATE TABLE "Users" (id INT PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		header, body string
		status       int
		want         string
	}{
		"table":          {all, `{"table":"public.books"}`, 200, `{"name":"books","collection":{`},
		"name and key":   {all, `{"table":"twice","name":"doubles","key":["b"]}`, 200, `{"name":"doubles","collection":{`},
		"ambiguous":      {all, `{"table":"twice"}`, 409, `"candidates":[{"index":"twice_a_key","columns":["a"]`},
		"no key":         {all, `{"table":"bare"}`, 200, `"ordering":"none","write":"insert","verbs":["import"]}`},
		"no such key":    {all, `{"table":"bare","key":["a"]}`, 409, `problem:no-key"`},
		"not there":      {all, `{"table":"lost"}`, 404, `problem:table-not-found"`},
		"capitals":       {all, `{"table":"public.Users"}`, 404, `There is no table public.Users: there is public.\"Users\": write`},
		"no table":       {all, `{"table":"a b"}`, 422, `problem:invalid-table"`},
		"injection":      {all, `{"table":"books; DROP TABLE books"}`, 422, `problem:invalid-table"`},
		"no name":        {all, `{"table":"books","name":"B o o k s"}`, 409, `problem:table-not-supported"`},
		"unknown member": {all, `{"table":"books","keep":true}`, 400, `problem:malformed-order"`},
		"no right":       {operator, `{"table":"books"}`, 403, `problem:action-not-allowed"`},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // they share the api
			got := a.send(t, oneClient, http.MethodPost, "/collections:infer", tt.body, tt.header, jsonMedia)
			if got.status != tt.status || !strings.Contains(got.body, tt.want) {
				t.Errorf("POST /collections:infer = %d %s, want %d with %s", got.status, got.body, tt.status, tt.want)
			}
		})
	}
}
