// Package edge is what the api's routes have in common: how one is described, and how an address is made absolute.
package edge

import (
	"net/http"
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
// proxy, configure the public address.
func (a Addresses) Absolute(r *http.Request, path string) string {
	if a.base != "" {
		return a.base + path
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + path
}
