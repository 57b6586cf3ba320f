package web_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/longshore-io/longshore/pkg/web"
)

// newRequest returns a request that arrived at 10.1.2.3, with a Host header.
func newRequest(t *testing.T, method, host string) *http.Request {
	t.Helper()
	local := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 8080}
	r := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, local), method, "/operations", nil)
	r.Host = host
	return r
}

func TestHostsAccept(t *testing.T) {
	t.Parallel()
	hosts, err := web.NewHosts([]string{"API", "api.longshore.svc", "192.0.2.4", "[2001:db8::1]"},
		"0.0.0.0:8080", "node7:8080", "https://Imports.example.com:8443/base", "")
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"": true, "localhost": true, "LOCALHOST:8080": true, "localhost.:1": true, "127.0.0.1:8080": true, "127.9.9.9": true,
		"[::1]": true, "[::1]:8080": true, "[0:0:0:0:0:0:0:1]:8080": true, "[::ffff:127.0.0.1]:80": true,
		"api": true, "Api:80": true, "api.longshore.svc.": true, "192.0.2.4:80": true, "[2001:DB8:0::1]:80": true,
		"node7": true, "imports.example.com": true, "imports.example.com:1": true, "10.1.2.3:8080": true,
		"evil.example": false, "evil.example:8080": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"evil.localhost": false, "imports.example.com.evil.example": false, "ximports.example.com": false, "10.1.2.4": false,
		"0.0.0.0:8080": false, "[2001:db8::2]": false, "localhost:x": false, "localhost:80:80": false, "evil@localhost": false, ".": false, ":80": false,
		"localhost..": false, "2130706433": false, "127.1": false,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			if got := hosts.Accept(newRequest(t, http.MethodGet, host)); got != want {
				t.Errorf("Accept() = %t, want %t", got, want)
			}
		})
	}
}

func TestNewHostsErrors(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "*", "*.example.com", "https://example.com", "example.com:80", "a b", "a/b", "ä.example"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := web.NewHosts([]string{name}); err == nil {
				t.Error("NewHosts() succeeded, want an error")
			}
		})
	}
}
