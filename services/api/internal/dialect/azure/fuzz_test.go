package azure

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// FuzzReadFilter reads the query of a list. An accepted filter is within its bounds.
func FuzzReadFilter(f *testing.F) {
	for _, seed := range []string{
		"status=Running,Failed&kind=import&collection=tools", "label=a%3Db&label=c%3Dd&maxpagesize=99999999999999999999",
		"createdAfter=2026-01-31T12:00:00Z&createdBefore=0001-01-01T00:00:00Z", "collection=%00", "status=,", "a;b", "%zz", "maxpagesize=1&maxpagesize=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/operations", nil)
		r.URL.RawQuery = raw
		err := edge.CheckRequest(edge.Route{Path: "/operations", Query: listQuery()}, r)
		if err == nil {
			filter, readErr := readFilter(r.URL.Query())
			if err = readErr; err == nil && (filter.Limit < 1 || filter.Limit > maxPageSize || slices.Contains(filter.States, operation.Receiving)) {
				t.Errorf("filter of %q = %+v, want it within its bounds", raw, filter)
			}
		}
		if err != nil && !fault.Is(err, fault.Malformed) {
			t.Errorf("filter of %q: %v, want a fault of kind Malformed", raw, err)
		}
	})
}

// wellFormed matches a list of entity tags without commas, and the asterisk. Around a tag stand spaces and tabs only (RFC 9110, 5.6.3).
var wellFormed = regexp.MustCompile(`^[ \t]*(\*|(W/)?"[\x21\x23-\x2b\x2d-\x7e]*"([ \t]*,[ \t]*(W/)?"[\x21\x23-\x2b\x2d-\x7e]*")*)[ \t]*$`)

// FuzzReadETags compares well-formed headers If-None-Match with net/http, which compares weakly too.
func FuzzReadETags(f *testing.F) {
	for _, seed := range []string{" \t\"7\"", `W/"7"`, `"7"`, `*`, `W/"6", "7"`, `"a,b", "7"`, ` , W/"7"`, `7`, `W/ "7"`, `"x" "7"`} {
		f.Add(seed)
	}
	op := &operation.Operation{Revision: 7}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", header)
		got := dialect.Matches(r.Header, op)
		w := httptest.NewRecorder()
		w.Header().Set("Etag", dialect.ETag(op))
		http.ServeContent(w, r, "", op.UpdatedAt, strings.NewReader("x"))
		if want := w.Code == http.StatusNotModified; got != want && wellFormed.MatchString(header) {
			t.Errorf("If-None-Match %q matches = %t, want %t as net/http", header, got, want)
		}
	})
}

// FuzzLastEventID reads the id of the last event, from the header and from the query.
func FuzzLastEventID(f *testing.F) {
	for _, seed := range []string{"", "0", "7", "-1", "+7", "9223372036854775807", "9223372036854775808", "7 "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := &gin.Context{Request: httptest.NewRequest(http.MethodGet, "/?"+url.Values{"lastEventId": {text}}.Encode(), nil)}
		fromQuery, queryErr := lastEventID(c)
		c.Request.Header.Set("Last-Event-ID", text)
		fromHeader, headerErr := lastEventID(c)
		if fromQuery != fromHeader || (queryErr == nil) != (headerErr == nil) || fromHeader < 0 {
			t.Errorf("lastEventID(%q) = %d, %v by query and %d, %v by header", text, fromQuery, queryErr, fromHeader, headerErr)
		}
		if headerErr != nil && !fault.Is(headerErr, fault.Malformed) {
			t.Errorf("lastEventID(%q) = %v, want a fault of kind Malformed", text, headerErr)
		}
	})
}
