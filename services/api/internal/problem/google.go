package problem

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// googlePath begins the paths whose clients expect the errors of Google's APIs.
const googlePath = "/v1"

// isGoogle reports whether a path is one of the dialect of google.longrunning.
func isGoogle(path string) bool { return path == googlePath || strings.HasPrefix(path, googlePath+"/") }

// googleStatuses are the names of google.rpc.Code for kinds of fault; a kind that none fits has the name of the HTTP
// status that is nearest (googleapis, google/rpc/code.proto).
var googleStatuses = map[fault.Kind]string{
	fault.Internal:         "INTERNAL",
	fault.Malformed:        "INVALID_ARGUMENT",
	fault.Invalid:          "INVALID_ARGUMENT",
	fault.Unauthenticated:  "UNAUTHENTICATED",
	fault.Forbidden:        "PERMISSION_DENIED",
	fault.NotFound:         "NOT_FOUND",
	fault.Gone:             "NOT_FOUND",
	fault.MethodNotAllowed: "UNIMPLEMENTED",
	fault.TooLarge:         "INVALID_ARGUMENT",
	fault.UnsupportedMedia: "INVALID_ARGUMENT",
	fault.TooSlow:          "DEADLINE_EXCEEDED",
	fault.Conflict:         "ABORTED",
	fault.Unavailable:      "UNAVAILABLE",
	fault.BadRange:         "OUT_OF_RANGE",
	fault.Changed:          "FAILED_PRECONDITION",
	fault.TooMany:          "RESOURCE_EXHAUSTED",
	fault.Busy:             "UNAVAILABLE",
	fault.StorageFull:      "RESOURCE_EXHAUSTED",
	fault.Misdirected:      "INVALID_ARGUMENT",
}

// failedPrecondition is the code of a fault that has a status of its own in Google's APIs.
const failedPrecondition = "failed-precondition"

// googleError is the body of an error of Google's APIs (AIP-193).
type googleError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []any  `json:"details"`
}

// errorInfo is google.rpc.ErrorInfo.
type errorInfo struct {
	Type     string            `json:"@type"`
	Reason   string            `json:"reason"`
	Domain   string            `json:"domain"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// requestInfo is google.rpc.RequestInfo.
type requestInfo struct {
	Type      string `json:"@type"`
	RequestID string `json:"requestId"`
}

// retryInfo is google.rpc.RetryInfo.
type retryInfo struct {
	Type  string `json:"@type"`
	Delay string `json:"retryDelay"`
}

// errorDomain is the domain of the reasons.
const errorDomain = "longshore"

// writeGoogle writes a fault as Google's APIs do.
func writeGoogle(w http.ResponseWriter, requestID string, f *fault.Fault, status int) {
	const types = "type.googleapis.com/google.rpc."
	e := googleError{Code: status, Message: f.Message, Status: googleStatuses[f.Kind]}
	if f.Code == failedPrecondition {
		e.Status = "FAILED_PRECONDITION"
	}
	e.Details = append(e.Details,
		errorInfo{types + "ErrorInfo", reasonOf(f.Code), errorDomain, metadataOf(f.Details)}, requestInfo{types + "RequestInfo", requestID})
	if delay := retryAfter(f); delay > 0 {
		e.Details = append(e.Details, retryInfo{types + "RetryInfo", fmt.Sprintf("%ds", int(delay/time.Second))})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(map[string]googleError{"error": e}) // fails only if the client is disconnected
}

// reasonOf returns a code in the form of Google's reasons: operation-not-found becomes OPERATION_NOT_FOUND.
func reasonOf(code string) string { return strings.ToUpper(strings.ReplaceAll(code, "-", "_")) }

// metadataOf returns details as texts, those that are none as JSON.
func metadataOf(details map[string]any) map[string]string {
	metadata := make(map[string]string, len(details))
	for name, value := range details {
		if text, ok := value.(string); ok {
			metadata[name] = text
		} else if text, err := json.Marshal(value); err == nil {
			metadata[name] = strings.Trim(string(text), `"`)
		}
	}
	return metadata
}
