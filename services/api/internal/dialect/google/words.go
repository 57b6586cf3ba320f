package google

import (
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/operation"
)

// words are what metadata.state says and filters take (reference: AIP-216). Clients look at done, error and response.
var words = map[operation.State]string{
	operation.Waiting:   "PENDING",
	operation.Running:   "RUNNING",
	operation.Succeeded: "SUCCEEDED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "TIMED_OUT",
}

// Word returns the dialect's word for a state.
func Word(s operation.State) string { return words[s] }

// The codes of google.rpc.Code that operations end with.
const (
	codeCancelled        = 1
	codeInvalidArgument  = 3
	codeDeadlineExceeded = 4
	codeInternal         = 13
)

// inputs are how the codes of failures begin that lie in what was sent; they are the codes of pkg/intake's faults.
var inputs = []string{
	"Malformed", "Invalid", "Bad", "Empty", "NoRecords", "NotUtf8", "TooDeep", "TooMany", "BodyToo", "RecordToo", "CompressionRatio",
}

// rpcCode returns the number that says how an operation ended without success, of which why is the reason.
func rpcCode(state operation.State, why operation.Failure) int {
	lies := func(begin string) bool { return strings.HasPrefix(why.Code, begin) }
	switch {
	case state == operation.Cancelled:
		return codeCancelled
	case state == operation.TimedOut:
		return codeDeadlineExceeded
	case slices.ContainsFunc(inputs, lies):
		return codeInvalidArgument
	default:
		return codeInternal
	}
}
