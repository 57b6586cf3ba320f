package reports

import "github.com/longshore-io/longshore/pkg/operation"

// words are the statuses of seed 004; a state that it does not have gets the nearest one that its
// clients understand.
var words = map[operation.State]string{
	operation.Waiting:   "in_progress",
	operation.Running:   "in_progress",
	operation.Succeeded: "completed",
	operation.Failed:    "failed",
	operation.Cancelled: "cancelled",
	operation.TimedOut:  "failed",
}

// Word returns the status of seed 004 for a state; empty for an operation that is still receiving.
func Word(s operation.State) string { return words[s] }
