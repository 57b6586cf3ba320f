package google

import (
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
)

// words are the values of metadata.state and of state in filters (reference: AIP-216). Clients
// depend on done, error and response only.
var words = map[operation.State]string{
	operation.Waiting:   "PENDING",
	operation.Running:   "RUNNING",
	operation.Succeeded: "SUCCEEDED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "TIMED_OUT",
}

// Word returns the dialect's status for a state; empty for an operation that is still receiving.
func Word(s operation.State) string { return words[s] }

// Codes of google.rpc.Code.
const (
	codeCancelled        = 1
	codeInvalidArgument  = 3
	codeDeadlineExceeded = 4
	codeInternal         = 13
)

// inputPrefixes begin the codes of failures that the client's input caused; they are codes of
// pkg/intake's faults.
var inputPrefixes = []string{
	"Malformed", "Invalid", "Bad", "Empty", "NoRecords", "NotUtf8", "TooDeep", "TooMany", "BodyToo", "RecordToo", "CompressionRatio",
}

// rpcCode returns the google.rpc.Code of an operation that ended without success.
func rpcCode(state operation.State, failure operation.Failure) int {
	hasPrefix := func(prefix string) bool { return strings.HasPrefix(failure.Code, prefix) }
	switch {
	case state == operation.Cancelled:
		return codeCancelled
	case state == operation.TimedOut:
		return codeDeadlineExceeded
	case slices.ContainsFunc(inputPrefixes, hasPrefix):
		return codeInvalidArgument
	default:
		return codeInternal
	}
}
