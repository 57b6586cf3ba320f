package web_test

import (
	"net/http"
	"testing"

	"github.com/longshore-io/longshore/pkg/web"
)

// TestPath: the prefix that a trusted proxy says it has removed is put before paths, if it is the beginning of a path.
func TestPath(t *testing.T) {
	t.Parallel()
	proxies, err := web.ParseProxies([]string{"192.0.2.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		remote string
		header http.Header
		want   string
	}{
		"trusted proxy":     {"192.0.2.1:1", http.Header{"X-Forwarded-For": {"198.51.100.1"}, "X-Forwarded-Prefix": {"/bulk"}}, "/bulk/x"},
		"slash at the end":  {"192.0.2.1:1", http.Header{"X-Forwarded-Prefix": {"/a/b/"}}, "/a/b/x"},
		"two proxies":       {"192.0.2.1:1", http.Header{"X-Forwarded-For": {"198.51.100.1, 192.0.2.2"}, "X-Forwarded-Prefix": {"/outer, /inner"}}, "/outer/x"},
		"foreign client":    {"198.51.100.1:1", http.Header{"X-Forwarded-Prefix": {"/bulk"}}, "/x"},
		"another host":      {"192.0.2.1:1", http.Header{"X-Forwarded-Prefix": {"//evil.example"}}, "/x"},
		"an address":        {"192.0.2.1:1", http.Header{"X-Forwarded-Prefix": {"https://evil.example"}}, "/x"},
		"with a line break": {"192.0.2.1:1", http.Header{"X-Forwarded-Prefix": {"/a\r\nX: y"}}, "/x"},
		"root":              {"192.0.2.1:1", http.Header{"X-Forwarded-Prefix": {"/"}}, "/x"},
		"none":              {"192.0.2.1:1", http.Header{}, "/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRequest(t, http.MethodGet, "localhost")
			r.RemoteAddr, r.Header = tt.remote, tt.header
			if got := web.Path(proxies.Resolve(r), "/x"); got != tt.want {
				t.Errorf("Path() = %q, want %q", got, tt.want)
			}
		})
	}
}
