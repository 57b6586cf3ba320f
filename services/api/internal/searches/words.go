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

// Word returns the dialect's word for a state.
func Word(s operation.State) string { return words[s] }
