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

func TestAddressesAreAbsolute(t *testing.T) {
	t.Parallel()
	plain := httptest.NewRequest(http.MethodGet, "http://internal:8080/x", nil)
	plain.Header.Set("X-Forwarded-Host", "evil.example")
	secure := httptest.NewRequest(http.MethodGet, "https://internal/x", nil)
	secure.TLS = &tls.ConnectionState{}
	configured := edge.NewAddresses("https://imports.example.com/base/")
	if got := configured.Absolute(plain, "/operations/1"); got != "https://imports.example.com/base/operations/1" {
		t.Errorf("configured: %s", got)
	}
	fromRequest := edge.NewAddresses("")
	if got := fromRequest.Absolute(plain, "/operations/1"); got != "http://internal:8080/operations/1" {
		t.Errorf("from the request: %s", got)
	}
	if got := fromRequest.Absolute(secure, "/operations/1"); got != "https://internal/operations/1" {
		t.Errorf("with TLS: %s", got)
	}
}

// A client of HTTP/1.0 names no host.
func TestAddressesWithoutAHost(t *testing.T) {
	t.Parallel()
	reached := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 8080}
	r := httptest.NewRequest(http.MethodGet, "/x", nil).WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, reached))
	r.Host = ""
	if got := edge.NewAddresses("").Absolute(r, "/operations/1"); got != "http://192.0.2.7:8080/operations/1" {
		t.Errorf("it is %s", got)
	}
}
