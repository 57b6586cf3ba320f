// Package problem turns errors into answers: RFC 9457 problem details that also carry the error members of Azure's guidelines. It
// is the only place that knows both the kinds of fault and the statuses of HTTP.
package problem

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// typePrefix makes a problem's type of a fault's code: a name that never changes, whatever the host.
const typePrefix = "urn:longshore:problem:"

// kinds says for each kind of fault the status and the title of its problems.
var kinds = map[fault.Kind]struct {
	status int
	title  string
}{
	fault.Internal:         {http.StatusInternalServerError, "Internal error"},
	fault.Malformed:        {http.StatusBadRequest, "Malformed request"},
	fault.Invalid:          {http.StatusUnprocessableEntity, "Invalid request"},
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
}

// retryAfter is what a client is asked to wait when a part does not answer, in seconds.
const retryAfter = "5"

// Status returns the HTTP status for an error.
func Status(err error) int { return kinds[fault.Of(err).Kind].status }

// Write answers a request with the problem that err is. Errors that carry no fault show nothing of themselves.
func Write(w http.ResponseWriter, r *http.Request, requestID string, err error) {
	f := fault.Of(err)
	kind := kinds[f.Kind]
	code := f.PascalCode()
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Ms-Error-Code", code)
	if kind.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	if f.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int((f.Retry+time.Second-1)/time.Second)))
	}
	w.WriteHeader(kind.status)
	before := []member{
		{"type", typePrefix + f.Code}, {"title", kind.title}, {"status", kind.status}, {"detail", f.Message},
	}
	after := []member{
		{"error", azureError{code, f.Message}}, {"instance", r.URL.Path}, {"request_id", requestID},
	}
	_ = encode(w, slices.Concat(before, sorted(f.Details), after)) // the client is gone if this fails, and there is nobody left to tell
}
