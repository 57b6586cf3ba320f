package tools

import "github.com/longshore-io/longshore/pkg/operation"

// words are the statuses of seed 000; where it has none, the nearest that a client of it understands.
var words = map[operation.State]string{
	operation.Waiting:   "IN_PROGRESS",
	operation.Running:   "IN_PROGRESS",
	operation.Succeeded: "COMPLETED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "FAILED",
}

// Word returns the dialect's word for a state.
func Word(s operation.State) string { return words[s] }
