// Package problem writes errors as RFC 9457 problem details, which also contain the "error" member
// of Azure's REST guidelines; at the paths of google.longrunning as Google's APIs do (AIP-193). It is the only place that maps kinds of fault to HTTP statuses.
package problem

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/pkg/web"
)

// typePrefix is followed by a fault's code in a problem's type, which does not depend on the host.
const typePrefix = "urn:longshore:problem:"

// kinds maps each kind of fault to the status and the title of its problems.
var kinds = map[fault.Kind]struct {
	status int
	title  string
}{
	fault.Internal:         {http.StatusInternalServerError, "Internal error"},
	fault.Malformed:        {http.StatusBadRequest, "Malformed request"},
	fault.Invalid:          {http.StatusUnprocessableEntity, "Invalid request"},
	fault.Unauthenticated:  {http.StatusUnauthorized, "Unauthorized"},
	fault.Forbidden:        {http.StatusForbidden, "Forbidden"},
	fault.NotFound:         {http.StatusNotFound, "Not found"},
	fault.Gone:             {http.StatusGone, "Gone"},
	fault.MethodNotAllowed: {http.StatusMethodNotAllowed, "Method not allowed"},
	fault.TooLarge:         {http.StatusRequestEntityTooLarge, "Too large"},
	fault.UnsupportedMedia: {http.StatusUnsupportedMediaType, "Unsupported media type"},
	fault.TooSlow:          {http.StatusRequestTimeout, "Request timeout"},
	fault.Conflict:         {http.StatusConflict, "Conflict"},
	fault.Unavailable:      {http.StatusServiceUnavailable, "Temporarily unavailable"},
	fault.BadRange:         {http.StatusRequestedRangeNotSatisfiable, "Range not satisfiable"},
	fault.Changed:          {http.StatusPreconditionFailed, "Precondition failed"},
	fault.TooMany:          {http.StatusTooManyRequests, "Too many requests"},
	fault.Busy:             {http.StatusServiceUnavailable, "Server busy"},
	fault.StorageFull:      {http.StatusInsufficientStorage, "Insufficient storage"},
	fault.Misdirected:      {http.StatusMisdirectedRequest, "Misdirected request"},
}

// unavailableRetryAfter is the Retry-After of a 503.
const unavailableRetryAfter = 5 * time.Second

// retryAfter returns the delay after which a client may try again, in whole seconds; 0 if that is unknown.
func retryAfter(f *fault.Fault) time.Duration {
	switch {
	case f.Retry > 0:
		return (f.Retry + time.Second - 1).Truncate(time.Second)
	case kinds[f.Kind].status == http.StatusServiceUnavailable:
		return unavailableRetryAfter
	}
	return 0
}

// Status returns the HTTP status for an error.
func Status(err error) int { return kinds[fault.Of(err).Kind].status }

// Write writes err as a problem. The text of errors that are not faults is not shown.
func Write(w http.ResponseWriter, r *http.Request, requestID string, err error) {
	f := fault.Of(err)
	kind := kinds[f.Kind]
	code := f.PascalCode()
	h := w.Header()
	h.Set("X-Ms-Error-Code", code)
	if challenge := challengeOf(f); challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	if delay := retryAfter(f); delay > 0 {
		h.Set("Retry-After", strconv.Itoa(int(delay/time.Second)))
	}
	if isGoogle(r.URL.Path) {
		h.Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(kind.status)
		writeGoogle(w, requestID, f, kind.status)
		return
	}
	h.Set("Content-Type", "application/problem+json")
	w.WriteHeader(kind.status)
	before := []member{
		{"type", typePrefix + f.Code}, {"title", kind.title}, {"status", kind.status}, {"detail", f.Message},
	}
	after := []member{
		{"error", azureError{code, f.Message}}, {"instance", web.Path(r, r.URL.EscapedPath())}, {"request_id", requestID},
	}
	if id := tracing.ID(r.Context()); id != "" {
		after = append(after, member{"trace_id", id})
	}
	_ = encode(w, slices.Concat(before, sortedMembers(f.Details), after)) // fails only if the client is disconnected
}

// challengeOf returns the header WWW-Authenticate of a fault (RFC 6750 section 3); empty if it has none.
func challengeOf(f *fault.Fault) string {
	const scheme = `Bearer realm="longshore"`
	switch {
	case f.Kind == fault.Unauthenticated && f.Code == "credential-missing":
		return scheme
	case f.Kind == fault.Unauthenticated:
		return scheme + `, error="invalid_token"`
	case f.Code == "action-not-allowed":
		return fmt.Sprintf(`%s, error="insufficient_scope", scope=%q`, scheme, f.Details["action"])
	}
	return ""
}
