package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// TestServerGuards sends requests that the guard refuses or answers to routes, to unknown addresses and
// with methods that a route does not have. None reaches a handler.
func TestServerGuards(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, host string
		header       http.Header
		status       int
		code         string
	}{
		"foreign host":         {http.MethodGet, "evil.example", nil, http.StatusMisdirectedRequest, "UnknownHost"},
		"foreign host, POST":   {http.MethodPost, "evil.example", nil, http.StatusMisdirectedRequest, "UnknownHost"},
		"foreign host, HEAD":   {http.MethodHead, "evil.example:80", nil, http.StatusMisdirectedRequest, "UnknownHost"},
		"foreign page":         {http.MethodPost, "example.com", http.Header{"Origin": {"http://evil.example"}}, http.StatusForbidden, "CrossOriginRequest"},
		"foreign page, PUT":    {http.MethodPut, "example.com", http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden, "CrossOriginRequest"},
		"foreign page, DELETE": {http.MethodDelete, "example.com", http.Header{"Origin": {"null"}}, http.StatusForbidden, "CrossOriginRequest"},
		"preflight": {
			method: http.MethodOptions, host: "example.com",
			header: http.Header{"Origin": {"https://app.example"}, "Access-Control-Request-Method": {"POST"}},
			status: http.StatusNoContent,
		},
	} {
		for _, path := range []string{"/thing/1", "/nothing"} {
			t.Run(name+" at "+path, func(t *testing.T) {
				t.Parallel()
				w := serveHost(t, tt.method, tt.host, path, tt.header, func(*gin.Context) error {
					t.Error("the handler was called")
					return nil
				})
				if got := w.Header().Get("X-Ms-Error-Code"); w.Code != tt.status || got != tt.code {
					t.Errorf("response = %d %q, want %d %q: %s", w.Code, got, tt.status, tt.code, w.Body)
				}
				checkSecurityHeaders(t, w)
			})
		}
	}
}

// TestServerAddresses checks of which host and scheme the addresses in responses are.
func TestServerAddresses(t *testing.T) {
	t.Parallel()
	var got string
	handle := func(c *gin.Context) error {
		got = edge.NewAddresses("").Absolute(c.Request, "/x") + " for " + edge.ClientOf(c.Request)
		return errors.New("x")
	}
	forwarded := http.Header{"X-Forwarded-For": {"203.0.113.5"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"api"}}
	for remote, want := range map[string]string{
		"192.0.2.7:1": "https://api/x for 203.0.113.5", "192.0.2.8:1": "http://example.com/x for 192.0.2.8",
	} {
		w := serveFrom(t, remote, forwarded, handle)
		if got != want {
			t.Errorf("a request from %s got %s, want %s", remote, got, want)
		}
		if hsts := w.Header().Get("Strict-Transport-Security"); (hsts != "") != strings.HasPrefix(want, "https:") {
			t.Errorf("a request from %s got Strict-Transport-Security %q", remote, hsts)
		}
	}
	w := serveFrom(t, "192.0.2.7:1", http.Header{"X-Forwarded-Host": {"evil.example"}}, handle)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("status for a forwarded foreign host = %d, want 421", w.Code)
	}
}

func checkSecurityHeaders(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func serveHost(t *testing.T, method, host, path string, header http.Header, handle edge.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Host, r.Header = host, header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	return serveRequest(t, r, handle)
}

func serveFrom(t *testing.T, remote string, header http.Header, handle edge.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/thing/1", nil)
	r.RemoteAddr, r.Header = remote, header.Clone()
	return serveRequest(t, r, handle)
}
