package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
)

func TestOf(t *testing.T) {
	t.Parallel()
	want := fault.New(fault.Malformed, "bad-thing", "The thing %d is bad.", 7)
	if got := fault.Of(fmt.Errorf("reading: %w", want)); got != want {
		t.Errorf("Of() of a wrapped fault = %v, want %v", got, want)
	}
	secret := errors.New("secret")
	got := fault.Of(secret)
	if got.Kind != fault.Internal || strings.Contains(got.Message, "secret") {
		t.Errorf("Of() of another error = kind %v, message %q, want an internal fault without its text", got.Kind, got.Message)
	}
	if !errors.Is(got, secret) {
		t.Errorf("Of() = %v, want it to wrap %v for the log", got, secret)
	}
}

func TestIs(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("reading: %w", fault.New(fault.Gone, "gone", "It is gone."))
	if !fault.Is(err, fault.Gone) {
		t.Errorf("Is(%v, Gone) = false, want true", err)
	}
	if fault.Is(err, fault.NotFound) || fault.Is(errors.New("x"), fault.Internal) {
		t.Error("Is() of another kind or another error = true, want false")
	}
}

func TestPascalCode(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"malformed-json": "MalformedJson", "gone": "Gone", "a--b": "AB", "": ""} {
		if got := fault.New(fault.Invalid, code, "").PascalCode(); got != want {
			t.Errorf("PascalCode() of %q = %q, want %q", code, got, want)
		}
	}
}
