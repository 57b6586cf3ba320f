package searches

import "github.com/longshore-io/longshore/pkg/operation"

// words are the statuses of seed 001.
var words = map[operation.State]string{
	operation.Waiting:   "IN_PROGRESS",
	operation.Running:   "IN_PROGRESS",
	operation.Succeeded: "COMPLETED",
	operation.Failed:    "INTERNAL_SERVER_ERROR",
	operation.Cancelled: "CANCELLED_BY_USER",
	operation.TimedOut:  "TIMED_OUT",
}

// Word returns the status of seed 001 for a state; empty for an operation that is still receiving.
func Word(s operation.State) string { return words[s] }
