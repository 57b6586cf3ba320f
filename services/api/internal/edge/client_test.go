package edge_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

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
