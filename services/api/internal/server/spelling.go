package server

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// checkSpelling returns a fault of kind Malformed for an encoded slash in a path. The routes do not distinguish it
// from a slash, but proxies do, and may have decided by what they saw who may use an address.
func checkSpelling(address *url.URL) error {
	if strings.Contains(strings.ToLower(address.RawPath), "%2f") {
		return fault.New(fault.Malformed, "encoded-slash", "The address has an encoded slash (%%2F) in its path, and no name here contains a slash. Write / between the parts.")
	}
	return nil
}

// pattern is the path of a route, cut at its slashes. A segment that begins with a colon stands for any text.
type pattern []string

// patternsOf returns the paths of the routes.
func patternsOf(routes []edge.Route) []pattern {
	var patterns []pattern
	for _, r := range routes {
		patterns = append(patterns, segmentsOf(r.Path))
	}
	return patterns
}

func segmentsOf(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// noSuchAddress returns the fault for a path that no route has, with the address that was probably meant. It does
// not redirect, because clients repeat a redirected POST as a GET, without the body.
func noSuchAddress(patterns []pattern, r *http.Request) error {
	near, ok := nearby(patterns, r.URL.Path)
	if !ok {
		return fault.New(fault.NotFound, "no-such-address", "There is nothing at this address. GET / lists what is there.")
	}
	near = web.Path(r, near)
	return fault.New(fault.NotFound, "no-such-address", "There is nothing at this address. Did you mean %s? GET / lists what is there.", near).
		With("did_you_mean", near)
}

// nearby returns the address that was probably meant by a path: the same with other capitals, slashes, order or
// actions, without the beginning /api, or with a few wrong letters.
func nearby(patterns []pattern, path string) (string, bool) {
	const maxSegments = 8
	given := segmentsOf(strings.ToValidUTF8(path, "\uFFFD"))
	if len(given) == 0 || len(given) > maxSegments {
		return "", false
	}
	for _, variant := range variantsOf(given) {
		for _, p := range byFixedSegments(patterns) {
			if found, ok := p.complete(variant); ok && "/"+strings.Join(found, "/") != path {
				return "/" + strings.Join(found, "/"), true
			}
		}
	}
	return "", false
}

// byFixedSegments returns the patterns with those first that leave the least to the client's choice.
func byFixedSegments(patterns []pattern) []pattern {
	return slices.SortedStableFunc(slices.Values(patterns), func(x, y pattern) int { return cmp.Compare(x.variables(), y.variables()) })
}

// variantsOf returns the segments, and what people write in place of what an address is, corrected.
func variantsOf(given []string) [][]string {
	variants := [][]string{given}
	last := len(given) - 1
	if last > 0 { // .../cancel for ...:cancel
		variants = append(variants, append(slices.Clone(given[:last-1]), given[last-1]+":"+given[last]))
	}
	if given[0] != "api" {
		variants = append(variants, append([]string{"api"}, given...))
	} else if last == 2 { // /api/import/tools for /api/tools/import
		variants = append(variants, []string{given[0], given[2], given[1]})
	}
	return variants
}

// complete returns the segments with the fixed ones as the pattern has them; ok is false if they are not near.
func (p pattern) complete(given []string) (found []string, ok bool) {
	if len(p) != len(given) {
		return nil, false
	}
	for i, segment := range p {
		fixed := unescape(segment)
		switch {
		case isVariable(segment):
			found = append(found, url.PathEscape(given[i]))
		case strings.EqualFold(fixed, given[i]):
			found = append(found, fixed)
		default:
			if _, near := collection.Nearest(given[i], []string{fixed}); !near {
				return nil, false
			}
			found = append(found, fixed)
		}
	}
	return found, true
}

// variables returns how many segments stand for any text.
func (p pattern) variables() (n int) {
	for _, segment := range p {
		if isVariable(segment) {
			n++
		}
	}
	return n
}

func isVariable(segment string) bool { return strings.HasPrefix(segment, ":") }
