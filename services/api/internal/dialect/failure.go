package dialect

import "github.com/longshore-io/longshore/pkg/operation"

// defaultFailures are the failures of unsuccessful final states, for operations that have none of
// their own: pollers need a code and a message.
var defaultFailures = map[operation.State]operation.Failure{
	operation.Failed:    {Code: "Failed", Message: "The operation failed."},
	operation.Cancelled: {Code: "Canceled", Message: "The operation was cancelled by a client. What was committed before stays."},
	operation.TimedOut:  {Code: "TimedOut", Message: "The operation was stopped because nobody asked for it in time."},
}

// FailureOf returns why an operation ended without success; nil if it succeeded or is unfinished.
func FailureOf(op *operation.Operation) *operation.Failure {
	failure, unsuccessful := defaultFailures[op.State]
	switch {
	case !unsuccessful:
		return nil
	case op.Failure != nil:
		return op.Failure
	default:
		return &failure
	}
}
