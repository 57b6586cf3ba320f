// Package edge is what the api's routes have in common: how one is described, and how an address is made absolute.
package edge

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// Handler answers a request, or returns an error, which the server turns into a problem and logs once. A handler that has
// begun its answer can only break it off.
type Handler func(c *gin.Context) error

// Route is one row of the table of routes.
type Route struct {
	Method string
	// Path is gin's pattern.
	Path    string
	Handler Handler
	// Summary says in one sentence what the route is for; GET / shows it.
	Summary string
	// Streaming is true for a GET whose answer has no end of its own, such as a stream of events: there is no HEAD beside it.
	Streaming bool
}

// WithHead adds a HEAD beside each GET of the routes, because who may read a thing may ask for its headers alone (RFC 9110 section 9.1).
// A HEAD is a glance: it does not wait (Prefer), and handlers must neither change anything for it nor count it as a poll.
func WithHead(routes []Route) []Route {
	all := slices.Clone(routes)
	for _, r := range routes {
		if r.Method != http.MethodGet || r.Streaming {
			continue
		}
		all = append(all, Route{Method: http.MethodHead, Path: r.Path, Summary: "The headers of the same.", Handler: ignoreWait(r.Handler)})
	}
	return all
}

func ignoreWait(handle Handler) Handler {
	return func(c *gin.Context) error {
		c.Request.Header.Del("Prefer")
		return handle(c)
	}
}

// Addresses makes addresses absolute, because pollers refuse relative ones (reference: Azure's azcore and core-lro).
type Addresses struct {
	base string
}

// NewAddresses takes the public base address; empty means that each request's own Host is used.
func NewAddresses(publicURL string) Addresses {
	return Addresses{base: strings.TrimSuffix(publicURL, "/")}
}

// Absolute returns the absolute address of a path of this api. Forwarding headers are not believed: behind a
// proxy, configure the public address. For a client that names no host (HTTP/1.0) it is the address that it reached.
func (a Addresses) Absolute(r *http.Request, path string) string {
	if a.base != "" {
		return a.base + path
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + hostOf(r) + path
}

func hostOf(r *http.Request) string {
	if reached, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && r.Host == "" {
		return reached.String()
	}
	return r.Host
}
