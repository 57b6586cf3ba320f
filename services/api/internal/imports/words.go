package imports

import "github.com/longshore-io/longshore/pkg/operation"

// words are the statuses of seed 000; a state that it does not have gets the nearest one that its
// clients understand.
var words = map[operation.State]string{
	operation.Waiting:   "IN_PROGRESS",
	operation.Running:   "IN_PROGRESS",
	operation.Succeeded: "COMPLETED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "FAILED",
}

// Word returns the status of seed 000 for a state; empty for an operation that is still receiving.
func Word(s operation.State) string { return words[s] }
