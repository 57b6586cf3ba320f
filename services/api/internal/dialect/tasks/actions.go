package tasks

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// actions are what a GET requests besides the status.
type actions struct {
	cancel, prune bool
}

// readActions parses cancel and prune. A HEAD changes nothing. A GET that a browser sends
// speculatively, or on behalf of a page of another origin, is rejected if it has an action.
func readActions(r *http.Request) (actions, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return actions{}, fault.New(fault.Malformed, "malformed-query", "The query of the address can't be read: write it as in ?cancel=true.")
	}
	var a actions
	if a.cancel, err = readFlag(query, "cancel"); err != nil {
		return actions{}, err
	}
	if a.prune, err = readFlag(query, "prune"); err != nil {
		return actions{}, err
	}
	switch {
	case r.Method != http.MethodGet:
		return actions{}, nil
	case a == actions{}:
		return a, nil
	case isSpeculative(r.Header):
		return actions{}, fault.New(fault.Conflict, "speculative-request",
			"The task was not changed, because a browser asked in advance. Open the address yourself.")
	case isCrossOrigin(r.Header.Get("Sec-Fetch-Site")):
		return actions{}, fault.New(fault.Conflict, "cross-site-request",
			"The task was not changed, because a page of another origin asked. Open the address yourself, or send DELETE from a program.")
	}
	return a, nil
}

// isCrossOrigin reports whether Sec-Fetch-Site (W3C Fetch Metadata) is that of a page of another
// origin, even of the same site. It is "none" if a person typed the address or followed a bookmark,
// and empty from programs.
func isCrossOrigin(site string) bool { return site != "" && site != "none" && site != "same-origin" }

// readFlag parses a boolean parameter, case-insensitively; absent means false.
func readFlag(query url.Values, name string) (bool, error) {
	values, given := query[name]
	switch {
	case !given:
		return false, nil
	case len(values) == 1 && strings.EqualFold(values[0], "true"):
		return true, nil
	case len(values) == 1 && strings.EqualFold(values[0], "false"):
		return false, nil
	}
	return false, invalid(name, "must be true or false, once.")
}

// purposeHeaders are the headers in which browsers declare a speculative request.
var purposeHeaders = []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}

// isSpeculative reports whether a browser sent the request before a person asked for it: a
// prefetch, a prerender or a preview.
func isSpeculative(h http.Header) bool {
	for _, name := range purposeHeaders {
		for _, line := range h.Values(name) {
			for _, token := range strings.FieldsFunc(line, func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
				switch strings.ToLower(token) {
				case "prefetch", "prerender", "preview", "instant":
					return true
				}
			}
		}
	}
	return false
}

func invalid(name, must string) error {
	return fault.New(fault.Malformed, "invalid-parameter", "%s %s", name, must).With("parameter", name)
}
