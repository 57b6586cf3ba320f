package edge_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

func TestClientOf(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ remote, want string }{
		"IPv4":             {"192.0.2.7:4711", "192.0.2.7"},
		"IPv4 in IPv6":     {"[::ffff:192.0.2.7]:4711", "192.0.2.7"},
		"IPv6":             {"[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::/64"},
		"IPv6 with a zone": {"[fe80::1%eth0]:4711", "fe80::/64"},
		"no port":          {"192.0.2.7", "192.0.2.7"},
		"Unix socket":      {"@", "@"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.remote
			r.Header.Set("X-Forwarded-For", "198.51.100.1")
			if got := edge.ClientOf(r); got != tt.want {
				t.Errorf("ClientOf(%s) = %q, want %q", tt.remote, got, tt.want)
			}
		})
	}
}

// TestClientOfPrincipal: the principals of a tenant are one client wherever they are; in the default
// tenant each credential is one.
func TestClientOfPrincipal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		principal *access.Principal
		want      string
	}{
		"tenant":         {&access.Principal{Kind: access.Key, ID: "k", Tenant: "shop"}, "tenant shop"},
		"default tenant": {&access.Principal{Kind: access.Key, ID: "k", Tenant: access.DefaultTenant}, "principal k"},
		"local":          {access.NewLocal(), "192.0.2.7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(access.With(t.Context(), tt.principal), http.MethodGet, "/", nil)
			r.RemoteAddr = "192.0.2.7:4711"
			if got := edge.ClientOf(r); got != tt.want {
				t.Errorf("ClientOf() = %q, want %q", got, tt.want)
			}
		})
	}
}
