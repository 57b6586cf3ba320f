// Package edge contains what all routes of the api share: their description, the information that
// is collected about each request, and absolute addresses.
package edge

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/web"
)

// Handler serves a request. The server writes a returned error as a problem and logs it. If the
// response has already started, the server aborts the connection instead.
type Handler func(c *gin.Context) error

// Route is one row of the route table.
type Route struct {
	Method string
	// Path is a pattern of gin.
	Path    string
	Handler Handler
	// Query are the query parameters that a request may have besides those that all clients of the dialect send.
	// Every other one is refused.
	Query Parameters
	// Action is what a principal needs for the route, or access.Public. The engine refuses a route
	// without one.
	Action access.Action
	// Conditional is true for a route that checks the condition of a request (If-Match and others) where it makes the
	// change. The server checks that of other changes before them.
	Conditional bool
	// Audited is true for a GET that the audit log records: it returns records or files of clients.
	Audited bool
	// Summary describes the route in one sentence, shown at GET /.
	Summary string
	// Streaming is true for a GET whose response does not end, such as an event stream. Its handler returns to a HEAD
	// before the stream begins.
	Streaming bool
}

// WithHead adds a HEAD route for each GET route, because RFC 9110 section 9.1 requires both. A HEAD
// does not wait (Prefer), and its handler must neither change anything nor count as a poll.
func WithHead(routes []Route) []Route {
	all := slices.Clone(routes)
	for _, r := range routes {
		if r.Method != http.MethodGet {
			continue
		}
		all = append(all, Route{
			Method: http.MethodHead, Path: r.Path, Summary: "Returns the headers of the same GET request.",
			Handler: withoutWait(r.Handler), Action: r.Action, Query: r.Query, Streaming: r.Streaming,
		})
	}
	return all
}

// withoutWait removes the header that asks the handler to wait.
func withoutWait(handle Handler) Handler {
	return func(c *gin.Context) error {
		c.Request.Header.Del("Prefer")
		return handle(c)
	}
}

// NoContent writes an empty response with status 204.
func NoContent(c *gin.Context) {
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
}

// Addresses builds absolute addresses, because the pollers of Azure's SDKs (azcore, core-lro) reject
// relative ones.
type Addresses struct {
	base string
	// prefix is the path of the base.
	prefix string
}

// NewAddresses returns addresses below publicURL. If it is empty, the Host header of each request
// is used.
func NewAddresses(publicURL string) Addresses {
	a := Addresses{base: strings.TrimSuffix(publicURL, "/")}
	if parsed, err := url.Parse(a.base); err == nil {
		a.prefix = parsed.Path
	}
	return a
}

// Locate returns the request with the prefix of the public address, which web.Path puts before paths.
func (a Addresses) Locate(r *http.Request) *http.Request {
	if a.base == "" {
		return r
	}
	return web.WithPrefix(r, a.prefix)
}

// Absolute returns the absolute address of a path of this api. The server answers only requests for its
// own hosts, so the Host header leads nowhere else. If the request has no Host header (HTTP/1.0), the
// address of the connection is used.
func (a Addresses) Absolute(r *http.Request, path string) string {
	if a.base != "" {
		return a.base + path
	}
	return web.Scheme(r) + "://" + hostOf(r) + web.Path(r, path)
}

// IsSecure reports whether the client sent the request over TLS.
func IsSecure(r *http.Request) bool { return web.Scheme(r) == "https" }

func hostOf(r *http.Request) string {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && r.Host == "" {
		return local.String()
	}
	return r.Host
}
