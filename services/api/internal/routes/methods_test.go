package routes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestHeadOfEveryGet: a HEAD has the status and the headers of the GET, and no body, also of an event stream.
func TestHeadOfEveryGet(t *testing.T) {
	t.Parallel()
	a := startAPI(t, nil)
	op := a.begin(t, "X-None: 1")
	for _, route := range a.everyRoute() {
		if route.Method != http.MethodGet {
			continue
		}
		got := a.send(t, oneClient, http.MethodGet, pathOf(route, op), "")
		head := a.send(t, oneClient, http.MethodHead, pathOf(route, op), "")
		if head.status != got.status || head.header.Get("Content-Type") != got.header.Get("Content-Type") ||
			head.header.Get("ETag") != got.header.Get("ETag") || head.body != "" {
			t.Errorf("HEAD %s = %d %v %q, want the status %d and the headers %v", route.Path, head.status, head.header, head.body, got.status, got.header)
		}
	}
}

// TestOptionsOfEveryRoute: OPTIONS names the methods of every address, without a credential. A preflight of a listed
// origin is answered at every address, one of another origin gets no permission.
func TestOptionsOfEveryRoute(t *testing.T) {
	t.Parallel()
	const listed = "https://app.example.com"
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on", "LONGSHORE_CORS_ORIGINS": listed})
	for _, route := range a.everyRoute() {
		path := pathOf(route, unknownOperation())
		got := a.send(t, oneClient, http.MethodOptions, path, "")
		allowed := strings.Split(got.header.Get("Allow"), ", ")
		if got.status != http.StatusNoContent || !slices.Contains(allowed, route.Method) || !slices.Contains(allowed, http.MethodOptions) {
			t.Errorf("OPTIONS %s = %d with Allow %q, want 204 with %s in it", path, got.status, allowed, route.Method)
		}
		preflight := func(origin string) reply {
			return a.send(t, oneClient, http.MethodOptions, path, "", "Origin: "+origin, "Access-Control-Request-Method: "+route.Method)
		}
		got = preflight(listed)
		if got.status != http.StatusNoContent || got.header.Get("Access-Control-Allow-Origin") != listed ||
			!slices.Contains(strings.Split(got.header.Get("Access-Control-Allow-Methods"), ", "), route.Method) || got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("a preflight at %s = %d %v, want permission without credentials", path, got.status, got.header)
		}
		if got := preflight("https://evil.example"); got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("a preflight of another origin at %s = %d %v, want no permission", path, got.status, got.header)
		}
		actual := a.send(t, oneClient, route.Method, path, "", "Origin: "+listed)
		exposed := strings.Split(actual.header.Get("Access-Control-Expose-Headers"), ", ")
		for _, name := range []string{"Operation-Location", "Location", "ETag", "Retry-After", "Retry-After-Ms", "RateLimit", "RateLimit-Policy"} {
			if !slices.Contains(exposed, name) {
				t.Errorf("%s %s exposes %q, want %s in it", route.Method, path, exposed, name)
			}
		}
	}
	a.send(t, oneClient, http.MethodOptions, "/nothing", "").check(t, "OPTIONS of nothing", http.StatusNotFound)
}
