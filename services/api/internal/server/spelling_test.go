package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// TestNearby: an address that does not exist leads to the one that was probably meant.
func TestNearby(t *testing.T) {
	t.Parallel()
	patterns := patternsOf([]edge.Route{
		{Path: "/"},
		{Path: "/operations"},
		{Path: "/operations/:id"},
		{Path: "/operations/:id/records"},
		{Path: "/api/:collection/import"},
		{Path: `/api/:collection/import\:upload-start`},
		{Path: "/search"},
		{Path: "/start-report"},
		{Path: "/v1/operations/:id"},
		{Path: `/collections\:infer`},
		{Path: "/collections/:collection"},
	})
	for path, want := range map[string]string{
		"/operations/":              "/operations",
		"//operations":              "/operations",
		"/Operations/7":             "/operations/7",
		"/operation/7":              "/operations/7",
		"/operations/7/cancel":      "/operations/7:cancel",
		"/operations/7/recrods":     "/operations/7/records",
		"/tools/import":             "/api/tools/import",
		"/api/import/tools":         "/api/tools/import",
		"/api/tools/imports":        "/api/tools/import",
		"/api/tools/import/":        "/api/tools/import",
		"/api/a b/imports":          "/api/a%20b/import",
		"/api/tools/import:upload":  "",
		"/api/tools/upload-start":   "",
		"/collections/infer/":       "/collections/infer",
		"/v1/operations/7/cancel":   "/v1/operations/7:cancel",
		"/serach":                   "/search",
		"/start_report":             "/start-report",
		"/":                         "",
		"/x":                        "",
		"/nothing/of/the/kind":      "",
		"/wp-admin/setup.php":       "",
		"/api/\xff/imports":         "/api/%EF%BF%BD/import",
		strings.Repeat("/a", 1_000): "",
	} {
		t.Run(path[:min(len(path), 30)], func(t *testing.T) {
			t.Parallel()
			if got, _ := nearby(patterns, path); got != want {
				t.Errorf("nearby(%q) = %q, want %q", path, got, want)
			}
		})
	}
}

// TestServerRefusesEncodedSlashes: a path with an encoded slash reaches no route.
func TestServerRefusesEncodedSlashes(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/thing%2F1", "/thing%2f1", "/thing/1%2F2", "/nothing%2f"} {
		w := serve(t, http.MethodGet, path, http.Header{}, func(*gin.Context) error {
			t.Error("the handler was called")
			return nil
		})
		if got := w.Header().Get("X-Ms-Error-Code"); w.Code != http.StatusBadRequest || got != "EncodedSlash" {
			t.Errorf("GET %s = %d %s, want 400 EncodedSlash", path, w.Code, w.Body)
		}
	}
}
