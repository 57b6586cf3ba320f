package routes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// everyRoute returns all routes of the api with their HEADs, and GET / of the server.
func (a *api) everyRoute() []edge.Route {
	return edge.WithHead(append(slices.Concat(a.routes...), edge.Route{Method: http.MethodGet, Path: "/"}))
}

// TestNothingIsCached: no answer may be stored by a cache, whether it is a success, or an error of a route, of the
// router or of the guard. Each names the headers on which it depends.
func TestNothingIsCached(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on", "LONGSHORE_CORS_ORIGINS": "https://app.example.com"})
	all, _ := a.newKey(t, nil)
	known := a.begin(t, all)
	check := func(name string, got reply) {
		t.Helper()
		if cache := got.header.Values("Cache-Control"); !slices.Equal(cache, []string{"no-store"}) {
			t.Errorf("%s = %d with Cache-Control %q, want no-store", name, got.status, cache)
		}
		vary := strings.Join(got.header.Values("Vary"), ", ")
		for _, want := range []string{"Accept", "Accept-Encoding", "Authorization", "Origin"} {
			if !slices.Contains(strings.Split(vary, ", "), want) {
				t.Errorf("%s = %d with Vary %q, want %s in it", name, got.status, vary, want)
			}
		}
	}
	send := func(method, path string, headers ...string) {
		t.Helper()
		check(method+" "+path, a.send(t, oneClient, method, path, "{}", append(headers, "Content-Type: application/json")...))
	}
	for _, route := range a.everyRoute() {
		for _, path := range []string{pathOf(route, known), pathOf(route, unknownOperation())} {
			send(route.Method, path, all)
			send(route.Method, path)
			send(route.Method, path, all, "Origin: https://evil.example")
			send(http.MethodPatch, path, all)
		}
	}
	send(http.MethodGet, "/nothing", all)
	send(http.MethodPost, "/nothing")
}
