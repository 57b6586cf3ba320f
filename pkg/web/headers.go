package web

import (
	"net/http"
	"net/netip"
)

// SetSecurityHeaders sets the headers that make a browser do as little as possible with a response: it
// guesses no media type, runs and loads nothing, shows the response in no frame and in no page of another
// origin, and sends its address to no other server. A handler of a page replaces the content security
// policy. Over https, browsers use https for the host from then on (RFC 6797), except for this machine's
// own names, which other programs share.
func SetSecurityHeaders(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if host, ok := splitHost(r.Host); ok && Scheme(r) == "https" && host != "localhost" {
		if _, err := netip.ParseAddr(host); err != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
	}
}
