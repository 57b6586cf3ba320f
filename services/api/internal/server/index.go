package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// withIndex adds GET /, which lists the other routes and the collections.
func withIndex(routes []edge.Route, collections *collection.Catalog) []edge.Route {
	type entry struct {
		Method  string `json:"method"`
		Path    string `json:"path"`
		Summary string `json:"summary"`
	}
	var entries []entry
	show := func(c *gin.Context) error {
		usable := edge.CollectionNames(c.Request.Context(), collections)
		c.PureJSON(http.StatusOK, gin.H{"service": "longshore", "base": web.Path(c.Request, "/"), "collections": usable, "routes": entries})
		return nil
	}
	routes = slices.Insert(routes, 0, edge.Route{
		Method: http.MethodGet, Path: "/", Handler: show, Action: access.ReadCollections, Summary: "Lists all routes and collections.",
	})
	for _, r := range routes {
		entries = append(entries, entry{r.Method, unescape(r.Path), r.Summary})
	}
	return routes
}

// unescape removes gin's escapes from the pattern of a route.
func unescape(pattern string) string { return strings.ReplaceAll(pattern, `\:`, ":") }
