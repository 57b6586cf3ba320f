package edgetest

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
)

// CheckWords checks the word of every state. Only receiving has none.
func CheckWords(t *testing.T, word func(operation.State) string, want map[operation.State]string) {
	t.Helper()
	for _, state := range operation.States() {
		got := word(state)
		if got != want[state] {
			t.Errorf("Word(%s) = %q, want %q", state, got, want[state])
		}
		if (got == "") != (state == operation.Receiving) {
			t.Errorf("Word(%s) = %q, want no word for receiving only", state, got)
		}
	}
}

// FailureCode returns the code of the failure of an operation in a state that has none of its own;
// empty if the state is not unsuccessful.
func FailureCode(state operation.State) string {
	return map[operation.State]string{
		operation.Failed: "Failed", operation.Cancelled: "Canceled", operation.TimedOut: "TimedOut",
	}[state]
}

// CheckFailure checks the code of a failure; an empty code means that there is none.
func CheckFailure(t *testing.T, got *operation.Failure, code string) {
	t.Helper()
	switch {
	case got == nil && code != "":
		t.Errorf("error is missing, want code %q", code)
	case got != nil && got.Code != code:
		t.Errorf("error code = %q, want %q", got.Code, code)
	case got != nil && got.Message == "":
		t.Error("error has no message")
	}
}
