package tasks

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// wish is what a request asks for beside the status.
type wish struct {
	cancel, prune bool
}

// readWish reads cancel and prune. Only a GET that a person or a program means can wish: a HEAD changes nothing, and what a browser does of
// its own or at a foreign page's bidding is refused, so that its answer is not taken for the real one.
func readWish(r *http.Request) (wish, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return wish{}, fault.New(fault.Malformed, "malformed-query", "The query of the address can't be read: write it as in ?cancel=true.")
	}
	var w wish
	if w.cancel, err = readFlag(query, "cancel"); err != nil {
		return wish{}, err
	}
	if w.prune, err = readFlag(query, "prune"); err != nil {
		return wish{}, err
	}
	switch {
	case r.Method != http.MethodGet:
		return wish{}, nil
	case w == wish{}:
		return w, nil
	case speculative(r.Header):
		return wish{}, fault.New(fault.Conflict, "speculative-request",
			"The task was not changed, because a browser asked in advance. Open the address yourself.")
	case foreign(r.Header.Get("Sec-Fetch-Site")):
		return wish{}, fault.New(fault.Conflict, "cross-site-request",
			"The task was not changed, because a page of another origin asked. Open the address yourself, or send DELETE from a program.")
	}
	return w, nil
}

// foreign reports whether a browser says that a page of another origin asks, be it of the same domain (W3C Fetch Metadata). A person who
// types the address or follows a bookmark is "none"; programs say nothing.
func foreign(site string) bool { return site != "" && site != "none" && site != "same-origin" }

// readFlag reads a member of the query that is true or false, in any case of letters; absent means false.
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

// The headers by which browsers, and pages before them, say that nobody has asked yet.
var purposeHeaders = []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}

// speculative reports whether the request is made for the case that somebody might ask: a prefetch, a prerender, a preview.
func speculative(h http.Header) bool {
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
