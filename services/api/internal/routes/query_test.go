package routes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// TestUnknownParametersAreRefused sends a parameter that no route has, one that is misspelt, one that is there twice
// and a query that can't be read to every route. None is carried out.
func TestUnknownParametersAreRefused(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_AUTH": "on"})
	all, _ := a.newKey(t, nil)
	known := a.begin(t, all)
	refused := func(route edge.Route, query, code string, headers ...string) reply {
		t.Helper()
		path := pathOf(route, known) + "?" + query
		got := a.send(t, oneClient, route.Method, path, "{}", append(headers, all, "Content-Type: application/json")...)
		a.checkRefusal(t, route, got, http.StatusBadRequest, code)
		return got
	}
	for _, route := range a.everyRoute() {
		refused(route, "nosuchparameter=1", "invalid-parameter")
		refused(route, "a=1;b=2", "malformed-query")
		refused(route, "a=%zz", "malformed-query")
		if route.Method != http.MethodHead { // which has no preferences
			refused(route, "", "unsupported-preference", "Prefer: handling=strict, return=minimal")
		}
		for _, name := range route.Query.Once {
			refused(route, name+"=x&"+name+"=y", "invalid-parameter")
		}
		for _, name := range slices.Concat(route.Query.Once, route.Query.Repeated) {
			got := refused(route, strings.ToUpper(name)+"=x", "invalid-parameter")
			if want := "Did you mean " + name + "?"; route.Method != http.MethodHead && !strings.Contains(got.body, want) {
				t.Errorf("%s %s with %s = %s, want %q", route.Method, route.Path, strings.ToUpper(name), got.body, want)
			}
		}
	}
	a.send(t, oneClient, http.MethodGet, "/operations/"+known.id, "", all).check(t, "the operation", http.StatusOK)
}

// TestForeignParametersAreAccepted: what Azure's and Google's clients add to every request has no effect.
func TestForeignParametersAreAccepted(t *testing.T) {
	t.Parallel()
	a := startAPI(t, nil)
	known := a.begin(t, "X-None: 1")
	for path, status := range map[string]int{
		"/operations/" + known.id + "?api-version=2026-01-01": http.StatusOK,
		"/operations?api-version=2026-01-01&maxpagesize=1":    http.StatusOK,
		"/audit?api-version=1":                                http.StatusOK,
		"/v1/operations/" + known.id + "?alt=json&prettyPrint=false&fields=name&%24alt=json%3Benum-encoding%3Dint&key=k": http.StatusOK,
		"/v1/operations?%24prettyPrint=false&pageSize=1":                                                                 http.StatusOK,
		"/v1/operations?api-version=1":                                                                                   http.StatusBadRequest,
		"/operations?alt=json":                                                                                           http.StatusBadRequest,
		"/api/tools/import/status/" + known.reference + "?api-version=1":                                                 http.StatusOK,
	} {
		a.send(t, oneClient, http.MethodGet, path, "", "Prefer: return=minimal, foo").check(t, "GET "+path, status)
	}
	strict := a.send(t, oneClient, http.MethodGet, "/operations/"+known.id, "", "Prefer: wait=0, respond-async, handling=strict")
	strict.check(t, "supported preferences with handling=strict", http.StatusOK)
}
