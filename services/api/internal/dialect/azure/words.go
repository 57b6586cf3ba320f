package azure

import "github.com/longshore-io/longshore/pkg/operation"

// words are the statuses of Azure's guidelines. Pollers know no others and would poll an unknown
// status forever.
var words = map[operation.State]string{
	operation.Waiting:   "NotStarted",
	operation.Running:   "Running",
	operation.Succeeded: "Succeeded",
	operation.Failed:    "Failed",
	operation.Cancelled: "Canceled",
	operation.TimedOut:  "Failed",
}

// Word returns the dialect's status for a state; empty for an operation that is still receiving.
func Word(s operation.State) string { return words[s] }
