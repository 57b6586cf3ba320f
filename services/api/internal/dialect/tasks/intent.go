package tasks

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/web"
)

// checkIntent returns a fault of kind Conflict for a GET with an action, unless its sender wanted the
// action. Any page can make a browser send a GET to any address, for example by an image, so a request
// needs a token in Authorization, which a browser does not add by itself, or a browser's proof that no
// page of another origin asked, or nothing that a browser sends.
func checkIntent(r *http.Request) error {
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case isSpeculative(r.Header):
		return fault.New(fault.Conflict, "speculative-request",
			"The task was not changed, because a browser asked in advance. Open the address yourself.")
	case site == "same-origin" || site == "none": // none: a person typed the address or followed a bookmark
		return nil
	case hasToken(r.Header) && (site == "" || r.Header.Get("Sec-Fetch-Mode") == "cors"):
		return nil // in other modes a page can't set the header: a gateway added it to every request
	case site != "" || isOfOtherOrigin(r):
		return fault.New(fault.Conflict, "cross-site-request",
			"The task was not changed, because a page of another origin asked. Open the address yourself, or send DELETE from a program.")
	case r.Header.Get("Referer") == "" && r.Header.Get("Origin") == "" && isOfBrowser(r.Header):
		return fault.New(fault.Conflict, "unproven-request",
			"The task was not changed, because over http a browser does not say which page asked. Use https, or send DELETE from a program.")
	}
	return nil
}

// hasToken reports whether the request has a token that a browser does not send by itself, unlike a
// password (Basic) or a cookie.
func hasToken(h http.Header) bool {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}

// isOfOtherOrigin reports whether Referer or Origin is of another origin than the request.
func isOfOtherOrigin(r *http.Request) bool {
	for _, name := range []string{"Referer", "Origin"} {
		text := r.Header.Get(name)
		page, err := url.Parse(text)
		if text != "" && (err != nil || page.Scheme != web.Scheme(r) || !strings.EqualFold(page.Host, r.Host)) {
			return true
		}
	}
	return false
}

// browserHeaders are headers that browsers send, also over http, and programs do not.
var browserHeaders = []string{"Cookie", "Accept-Language", "Upgrade-Insecure-Requests", "Dnt"}

// pageTypes are media types that browsers accept for images, styles, pages and event streams.
var pageTypes = []string{"image/", "text/html", "text/css", "text/event-stream"}

// isOfBrowser reports whether a browser sent the request, as far as its headers say. A page can suppress
// Referer, and the other headers of a browser are not its to change.
func isOfBrowser(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "Sec-") || slices.Contains(browserHeaders, name) {
			return true
		}
	}
	accept := strings.ToLower(strings.Join(h.Values("Accept"), ","))
	return strings.Contains(h.Get("User-Agent"), "Mozilla/") ||
		slices.ContainsFunc(pageTypes, func(t string) bool { return strings.Contains(accept, t) })
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
