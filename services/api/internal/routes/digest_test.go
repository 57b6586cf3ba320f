package routes_test

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/digest"
)

// TestDigestsOfBodies sends a body with the digest of another one to every route that reads a body. None keeps it. A digest that
// can't be checked, and a PUT of a part of a body, are refused by every route.
func TestDigestsOfBodies(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	all, _ := a.newKey(t, nil)
	known := a.begin(t, all)
	wrong := sha256.Sum256([]byte("another"))
	const rightJSON = "Content-Type: application/json"
	bodies := map[string]string{
		"/api/:collection/import": `{"data":[{"tool_id":"Z","tool_name":"z","category":"z"}]}`, "/search": `{"collection":"tools"}`,
		"/start-report": `{"report":"imports","format":"pdf"}`, "/keys": `{"bundle":"viewer"}`, "/tokens": `{"actions":["imports:create"]}`,
		"/api/:collection/import/uploads/:upload/parts/:part": `[]`, "/api/:collection/import/uploads/:upload": `{"parts":1}`,
		"/collections/:collection": `{}`, `/collections\:infer`: `{"table":"xforce.tools"}`,
	}
	for _, route := range a.changes() {
		path := pathOf(route, known)
		got := a.send(t, oneClient, route.Method, path, "x", all, rightJSON, "Content-Digest: md5=:AAAA:")
		a.checkRefusal(t, route, got, http.StatusBadRequest, "unsupported-digest")
		if want := got.header.Get("Want-Content-Digest"); !strings.Contains(want, "sha-256=") {
			t.Errorf("%s %s: Want-Content-Digest = %q, want sha-256", route.Method, route.Path, want)
		}
		if route.Method == http.MethodPut {
			got := a.send(t, oneClient, route.Method, path, "x", all, rightJSON, "Content-Range: bytes 0-0/2")
			a.checkRefusal(t, route, got, http.StatusBadRequest, "content-range-not-supported")
		}
		body, reads := bodies[route.Path]
		if !reads || route.Method == http.MethodDelete || strings.HasSuffix(path, ":check") {
			continue
		}
		for _, name := range []string{"Content-Digest", "Repr-Digest"} {
			got := a.send(t, oneClient, route.Method, path, body, all, rightJSON, name+": "+digest.Format(wrong[:]))
			a.checkRefusal(t, route, got, http.StatusBadRequest, "digest-mismatch")
		}
	}
	operations := a.send(t, oneClient, http.MethodGet, "/operations", "", all)
	if n := strings.Count(operations.body, `"taskReference"`); n != 1 {
		t.Errorf("GET /operations = %s, want the first operation only", operations.body)
	}
	right := sha256.Sum256([]byte(bodies["/search"]))
	a.send(t, oneClient, http.MethodPost, "/search", bodies["/search"], all, rightJSON, "Content-Digest: "+digest.Format(right[:])).
		check(t, "POST with its digest", http.StatusAccepted)
}
