package edge_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/edge"
)

func TestAddressesAbsolute(t *testing.T) {
	t.Parallel()
	plain := httptest.NewRequest(http.MethodGet, "http://internal:8080/x", nil)
	plain.Header.Set("X-Forwarded-Host", "evil.example")
	secure := httptest.NewRequest(http.MethodGet, "https://internal/x", nil)
	secure.TLS = &tls.ConnectionState{}
	local := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 8080}
	hostless := httptest.NewRequest(http.MethodGet, "/x", nil).WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, local))
	hostless.Host = ""
	for name, tt := range map[string]struct {
		publicURL string
		request   *http.Request
		want      string
	}{
		"public URL":     {"https://imports.example.com/base/", plain, "https://imports.example.com/base/operations/1"},
		"Host header":    {"", plain, "http://internal:8080/operations/1"},
		"TLS":            {"", secure, "https://internal/operations/1"},
		"no Host header": {"", hostless, "http://192.0.2.7:8080/operations/1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := edge.NewAddresses(tt.publicURL).Absolute(tt.request, "/operations/1"); got != tt.want {
				t.Errorf("Absolute() = %s, want %s", got, tt.want)
			}
		})
	}
}
