package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// index adds GET /, which lists the other routes and what can be imported.
func index(routes []edge.Route, collections []string) []edge.Route {
	type listed struct {
		Method  string `json:"method"`
		Path    string `json:"path"`
		Summary string `json:"summary"`
	}
	var all []listed
	show := func(c *gin.Context) error {
		c.PureJSON(http.StatusOK, gin.H{"service": "longshore", "collections": collections, "routes": all})
		return nil
	}
	routes = slices.Insert(routes, 0, edge.Route{
		Method: http.MethodGet, Path: "/", Handler: show, Summary: "List what is there.",
	})
	for _, r := range routes {
		all = append(all, listed{r.Method, shown(r.Path), r.Summary})
	}
	return routes
}

// shown is the pattern of a route without gin's own marks.
func shown(pattern string) string { return strings.ReplaceAll(pattern, `\:`, ":") }
