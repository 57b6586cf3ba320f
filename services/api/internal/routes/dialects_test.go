package routes_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestDialects: the addresses of a dialect that is not served do not exist, and GET / does not list them.
func TestDialects(t *testing.T) {
	t.Parallel()
	a := startAPI(t, map[string]string{"LONGSHORE_DIALECTS": "azure,google"})
	for path, status := range map[string]int{
		"/operations": http.StatusOK, "/v1/operations": http.StatusOK, "/tasks": http.StatusNotFound, "/tasks/1?cancel=true": http.StatusNotFound,
	} {
		a.send(t, oneClient, http.MethodGet, path, "").check(t, "GET "+path, status)
	}
	if index := a.send(t, oneClient, http.MethodGet, "/", ""); strings.Contains(index.body, "/tasks") || !strings.Contains(index.body, "/v1/operations") {
		t.Errorf("GET / = %s, want the routes of google and none of tasks", index.body)
	}
}
