package edge

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// Parameters are the query parameters of a route.
type Parameters struct {
	// Once are the names of those that a request may have once, Repeated of those that it may have several times.
	Once, Repeated []string
}

// googlePrefix begins the paths of the dialect of google.longrunning.
const googlePrefix = "/v1/"

// foreignParameters returns the names of the parameters that the clients of a dialect add to every request, and that
// have no effect here. Azure's clients send the version of the API (azure/Guidelines.md, API Versioning), Google's the
// system parameters of its APIs (https://cloud.google.com/apis/docs/system-parameters).
func foreignParameters(path string) []string {
	switch {
	case strings.HasPrefix(path, googlePrefix):
		return []string{
			"$.xgafv", "$alt", "$apiKey", "$callback", "$fields", "$key", "$prettyPrint", "$userProject", "alt", "callback", "fields", "key", "prettyPrint",
			"quotaUser", "uploadType", "upload_protocol", "userIp",
		}
	case strings.HasPrefix(path, "/tasks"):
		return nil
	}
	return []string{"api-version"}
}

// CheckRequest returns a fault of kind Malformed if a request has a query that can't be read, or a query parameter
// that the route does not have or more often than it may be there: a parameter that is misspelt must not be ignored, a filter that
// is none would list everything, and a write option that is none would change how records are written. It also
// returns one if the client demands that its preferences are obeyed and they can't be (Prefer: handling=strict).
func CheckRequest(route Route, r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.New(fault.Malformed, "malformed-query",
			"The query of the address can't be read: it is made of name=value with & between, and a percent sign or a semicolon in it is encoded.")
	}
	known := slices.Concat(route.Query.Once, route.Query.Repeated, foreignParameters(route.Path))
	slices.Sort(known)
	for name, values := range query {
		switch {
		case !slices.Contains(known, name):
			return unknownParameter(name, known)
		case len(values) > 1 && !slices.Contains(route.Query.Repeated, name):
			return invalidParameter(name, "%s is there twice: give it once.", name)
		}
	}
	return checkPreferences(r.Header)
}

// unknownParameter returns the fault for a parameter that a route does not have.
func unknownParameter(name string, known []string) error {
	takes := "This address takes none."
	if len(known) > 0 {
		takes = "This address takes " + strings.Join(known, ", ") + "."
	}
	shown := strings.ToValidUTF8(name, "\uFFFD")
	if near, ok := collection.Nearest(name, known); ok {
		return invalidParameter(shown, "There is no parameter %q here. Did you mean %s? %s", shown, near, takes)
	}
	return invalidParameter(shown, "There is no parameter %q here. %s", shown, takes)
}

func invalidParameter(name, format string, args ...any) error {
	return fault.New(fault.Malformed, "invalid-parameter", format, args...).With("parameter", name)
}

// Checked returns the route with a handler that begins with CheckRequest, and with the condition of the request in its
// context and a body whose digest is checked.
func Checked(route Route) Route {
	handle := route.Handler
	route.Handler = func(c *gin.Context) error {
		if err := CheckRequest(route, c.Request); err != nil {
			return err
		}
		request, err := withCondition(route, c.Request)
		if err != nil {
			return err
		}
		c.Request = request
		if err := checkBody(c); err != nil {
			return err
		}
		return handle(c)
	}
	return route
}
