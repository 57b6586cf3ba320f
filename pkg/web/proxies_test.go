package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/longshore-io/longshore/pkg/web"
)

// TestProxiesResolve sends chains that clients wrote partly themselves: evil.example, 6.6.6.6 and the
// scheme https are theirs. The proxies are 10.0.0.0/8, 192.0.2.9 and 2001:db8:1::/48.
func TestProxiesResolve(t *testing.T) {
	t.Parallel()
	proxies, err := web.ParseProxies([]string{"10.0.0.0/8", "192.0.2.9", " 2001:db8:1::/48"})
	if err != nil {
		t.Fatal(err)
	}
	const proxy, stranger = "10.0.0.1:5000", "203.0.113.5:5000"
	for name, tt := range map[string]struct {
		remote               string
		header               http.Header
		client, scheme, host string
	}{
		"no header":          {proxy, http.Header{}, proxy, "http", "api"},
		"from a stranger":    {stranger, http.Header{"X-Forwarded-For": {"6.6.6.6"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"}}, stranger, "http", "api"},
		"stranger, standard": {stranger, http.Header{"Forwarded": {"for=6.6.6.6;proto=https;host=evil.example"}}, stranger, "http", "api"},

		"one hop":                 {proxy, http.Header{"X-Forwarded-For": {"203.0.113.5"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"imports"}}, "203.0.113.5:0", "https", "imports"},
		"spoofed start":           {proxy, http.Header{"X-Forwarded-For": {"6.6.6.6, 203.0.113.5"}}, "203.0.113.5:0", "http", "api"},
		"spoofed first field":     {proxy, http.Header{"X-Forwarded-For": {"6.6.6.6", "203.0.113.5"}}, "203.0.113.5:0", "http", "api"},
		"spoofed proxy":           {proxy, http.Header{"X-Forwarded-For": {"6.6.6.6, 10.9.9.9, 203.0.113.5"}}, "203.0.113.5:0", "http", "api"},
		"two proxies":             {proxy, http.Header{"X-Forwarded-For": {"6.6.6.6, 203.0.113.5, 192.0.2.9"}}, "203.0.113.5:0", "http", "api"},
		"scheme of each hop":      {proxy, http.Header{"X-Forwarded-For": {"6.6.6.6, 203.0.113.5, 192.0.2.9"}, "X-Forwarded-Proto": {"https, http, https"}}, "203.0.113.5:0", "http", "api"},
		"scheme of the last":      {proxy, http.Header{"X-Forwarded-For": {"6.6.6.6, 203.0.113.5"}, "X-Forwarded-Proto": {"https"}}, "203.0.113.5:0", "https", "api"},
		"garbage at the end":      {proxy, http.Header{"X-Forwarded-For": {"203.0.113.5, unknown"}}, proxy, "http", "api"},
		"garbage behind a proxy":  {proxy, http.Header{"X-Forwarded-For": {"6.6.6.6, x, 192.0.2.9"}}, "192.0.2.9:0", "http", "api"},
		"only proxies":            {proxy, http.Header{"X-Forwarded-For": {"10.7.7.7, 192.0.2.9"}}, "10.7.7.7:0", "http", "api"},
		"with ports":              {proxy, http.Header{"X-Forwarded-For": {"203.0.113.5:1234"}}, "203.0.113.5:0", "http", "api"},
		"IPv6":                    {"[2001:db8:1::7]:1", http.Header{"X-Forwarded-For": {"[2001:db8:2::1]:1234"}}, "[2001:db8:2::1]:0", "http", "api"},
		"IPv4 in IPv6":            {"[::ffff:10.0.0.1]:1", http.Header{"X-Forwarded-For": {"::ffff:203.0.113.5"}}, "203.0.113.5:0", "http", "api"},
		"scheme only":             {proxy, http.Header{"X-Forwarded-Proto": {"https"}}, proxy, "https", "api"},
		"unknown scheme":          {proxy, http.Header{"X-Forwarded-For": {"203.0.113.5"}, "X-Forwarded-Proto": {"javascript"}}, "203.0.113.5:0", "http", "api"},
		"standard":                {proxy, http.Header{"Forwarded": {`for=6.6.6.6;host=evil.example, For="203.0.113.5:80"; Proto=HTTPS;host="imports"`}}, "203.0.113.5:0", "https", "imports"},
		"standard, IPv6":          {proxy, http.Header{"Forwarded": {`for="[2001:db8:2::1]:4711"`}}, "[2001:db8:2::1]:0", "http", "api"},
		"standard, two proxies":   {proxy, http.Header{"Forwarded": {`for=6.6.6.6;proto=https`, `for=203.0.113.5;proto=http, for=192.0.2.9;proto=https`}}, "203.0.113.5:0", "http", "api"},
		"standard, hidden":        {proxy, http.Header{"Forwarded": {`for=6.6.6.6, for=_hidden`}}, proxy, "http", "api"},
		"standard, quoted comma":  {proxy, http.Header{"Forwarded": {`for="6.6.6.6, for=203.0.113.5"`}}, proxy, "http", "api"},
		"standard, open quote":    {proxy, http.Header{"Forwarded": {`proto=https;for="6.6.6.6`, `for=203.0.113.5`}}, proxy, "http", "api"},
		"both, agreeing":          {proxy, http.Header{"Forwarded": {"for=203.0.113.5"}, "X-Forwarded-For": {"203.0.113.5"}, "X-Forwarded-Proto": {"https"}}, "203.0.113.5:0", "https", "api"},
		"both, standard spoofed":  {proxy, http.Header{"Forwarded": {"for=6.6.6.6;proto=https"}, "X-Forwarded-For": {"203.0.113.5"}}, proxy, "http", "api"},
		"both, the other spoofed": {proxy, http.Header{"Forwarded": {"for=203.0.113.5"}, "X-Forwarded-For": {"6.6.6.6"}, "X-Forwarded-Proto": {"https"}}, proxy, "http", "api"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://api/x", nil)
			r.RemoteAddr, r.Header = tt.remote, tt.header
			got := proxies.Resolve(r)
			if got.RemoteAddr != tt.client || web.Scheme(got) != tt.scheme || got.Host != tt.host {
				t.Errorf("Resolve() = %s, %s, %s, want %s, %s, %s", got.RemoteAddr, web.Scheme(got), got.Host, tt.client, tt.scheme, tt.host)
			}
			if r.RemoteAddr != tt.remote || r.Host != "api" {
				t.Errorf("Resolve() changed its argument to %s, %s", r.RemoteAddr, r.Host)
			}
		})
	}
}

func TestParseProxiesErrors(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"", "10.0.0.0/33", "proxy", "*", "10.0.0"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			if _, err := web.ParseProxies([]string{network}); err == nil {
				t.Error("ParseProxies() succeeded, want an error")
			}
		})
	}
}
