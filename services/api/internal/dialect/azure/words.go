package azure

import "github.com/longshore-io/longshore/pkg/operation"

// words are the statuses of Azure's guidelines. Pollers know no others: a word of our own would be polled for ever.
var words = map[operation.State]string{
	operation.Waiting:   "NotStarted",
	operation.Running:   "Running",
	operation.Succeeded: "Succeeded",
	operation.Failed:    "Failed",
	operation.Cancelled: "Canceled",
	operation.TimedOut:  "Failed",
}

// ends are the errors of states that end without success and may carry no failure of their own: pollers need a code and a message.
var ends = map[operation.State]operation.Failure{
	operation.Failed:    {Code: "Failed", Message: "The operation failed."},
	operation.Cancelled: {Code: "Canceled", Message: "The operation was cancelled by a client. What was committed before stays."},
	operation.TimedOut:  {Code: "TimedOut", Message: "The operation was stopped because nobody asked for it in time."},
}

// Word returns the dialect's word for a state.
func Word(s operation.State) string { return words[s] }

// FailureOf returns why an operation ended without success, in a code and a message; nil for every other.
func FailureOf(op *operation.Operation) *operation.Failure {
	end, unsuccessful := ends[op.State]
	switch {
	case !unsuccessful:
		return nil
	case op.Failure != nil:
		return op.Failure
	default:
		return &end
	}
}
