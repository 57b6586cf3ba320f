package reports

import "github.com/longshore-io/longshore/pkg/operation"

// words are the statuses of seed 004; where it has none, the nearest that a client of it understands.
var words = map[operation.State]string{
	operation.Waiting:   "in_progress",
	operation.Running:   "in_progress",
	operation.Succeeded: "completed",
	operation.Failed:    "failed",
	operation.Cancelled: "cancelled",
	operation.TimedOut:  "failed",
}

// Word returns the dialect's word for a state.
func Word(s operation.State) string { return words[s] }
