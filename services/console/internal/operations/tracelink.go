package operations

import (
	"strings"

	"github.com/google/uuid"
)

// The placeholders of a TraceLink.
const (
	traceIDPlaceholder   = "{trace_id}"
	operationPlaceholder = "{operation}"
)

// TraceLink is the address of a trace in the tool that shows traces, with {trace_id} or {operation} in
// the place of an id. Empty means that there is no such tool.
type TraceLink string

// Valid reports whether the link is empty, or a web address with a placeholder.
func (l TraceLink) Valid() bool {
	address := string(l)
	return address == "" || (strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")) &&
		(strings.Contains(address, traceIDPlaceholder) || strings.Contains(address, operationPlaceholder))
}

// For returns the address of the trace of an operation; empty if it needs an id of a trace and traceID
// is empty.
func (l TraceLink) For(operation uuid.UUID, traceID string) string {
	if traceID == "" && strings.Contains(string(l), traceIDPlaceholder) {
		return ""
	}
	return strings.NewReplacer(traceIDPlaceholder, traceID, operationPlaceholder, operation.String()).Replace(string(l))
}
