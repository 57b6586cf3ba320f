package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/web"
)

const listed = "https://app.example"

func newOrigins(t *testing.T) *web.Origins {
	t.Helper()
	origins, err := web.NewOrigins([]string{"HTTPS://App.example:443"}, "https://imports.example.com/base", "127.0.0.1:8080", "")
	if err != nil {
		t.Fatal(err)
	}
	return origins
}

// TestOriginsCheck sends what browsers send for pages of several origins to http://api.
func TestOriginsCheck(t *testing.T) {
	t.Parallel()
	origins := newOrigins(t)
	for name, tt := range map[string]struct {
		origin, site   string
		change, shared bool // whether a change is admitted, and whether the page may read the response
	}{
		"program":                 {"", "", true, false},
		"own page":                {"http://api", "same-origin", true, false},
		"own page, old browser":   {"http://api", "", true, false},
		"typed":                   {"", "none", true, false},
		"public address":          {"https://imports.example.com", "same-site", true, false},
		"foreign page":            {"https://evil.example", "cross-site", false, false},
		"foreign, plain http":     {"http://evil.example", "", false, false},
		"same site":               {"http://other.api", "same-site", false, false},
		"opaque":                  {"null", "cross-site", false, false},
		"opaque, plain http":      {"null", "", false, false},
		"no origin, foreign site": {"", "cross-site", false, false},
		"listed":                  {listed, "cross-site", true, true},
		"listed, plain http":      {listed, "", true, true},
		"listed with a port":      {listed + ":8443", "cross-site", false, false},
		"listed with http":        {"http://app.example", "cross-site", false, false},
		"longer than listed":      {listed + ".evil.example", "cross-site", false, false},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			t.Run(method+" "+name, func(t *testing.T) {
				t.Parallel()
				r := newRequest(t, method, "api")
				r.Header = http.Header{"Origin": {tt.origin}, "Sec-Fetch-Site": {tt.site}}
				w := httptest.NewRecorder()
				answered, err := origins.Check(w, r)
				admitted := tt.change || method == http.MethodGet || method == http.MethodHead
				if answered || (err == nil) != admitted || err != nil && !fault.Is(err, fault.Forbidden) {
					t.Errorf("Check() = %t, %v, want admitted = %t", answered, err, admitted)
				}
				want := ""
				if tt.shared {
					want = tt.origin
				}
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("Access-Control-Allow-Origin = %q, want %q", got, want)
				}
				if got := w.Header().Get("Vary"); got != "Origin" {
					t.Errorf("Vary = %q, want Origin", got)
				}
				if got := w.Header().Get("Access-Control-Allow-Credentials"); got != "" {
					t.Errorf("Access-Control-Allow-Credentials = %q, want none", got)
				}
			})
		}
	}
}

func TestOriginsPreflight(t *testing.T) {
	t.Parallel()
	origins := newOrigins(t)
	for origin, want := range map[string]bool{listed: true, "https://evil.example": false, "null": false, "*": false, "": false} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()
			r := newRequest(t, http.MethodOptions, "api")
			r.Header = http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"authorization"}}
			w := httptest.NewRecorder()
			answered, err := origins.Check(w, r)
			if answered != want || err != nil {
				t.Errorf("Check() = %t, %v, want %t", answered, err, want)
			}
			if got := w.Header().Get("Access-Control-Allow-Origin") == listed; got != want {
				t.Errorf("the origin is allowed = %t, want %t", got, want)
			}
			if got := strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization"); got != want {
				t.Errorf("Authorization is allowed = %t, want %t", got, want)
			}
		})
	}
}

func TestNewOriginsErrors(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"*", "null", "", "app.example", "https://app.example/", "https://*.example", "https://a@app.example", "https://app.example?", "https://app.example#", "ftp://app.example"} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()
			if _, err := web.NewOrigins([]string{origin}); err == nil {
				t.Error("NewOrigins() succeeded, want an error")
			}
		})
	}
}
