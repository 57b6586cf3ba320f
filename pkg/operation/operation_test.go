package operation_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
)

func TestStateTransitions(t *testing.T) {
	t.Parallel()
	legal := map[[2]operation.State]bool{
		{operation.Receiving, operation.Waiting}: true,
		{operation.Waiting, operation.Running}:   true,
		{operation.Waiting, operation.Succeeded}: true,
		{operation.Waiting, operation.Failed}:    true,
		{operation.Waiting, operation.Cancelled}: true,
		{operation.Waiting, operation.TimedOut}:  true,
		{operation.Running, operation.Succeeded}: true,
		{operation.Running, operation.Failed}:    true,
		{operation.Running, operation.Cancelled}: true,
		{operation.Running, operation.TimedOut}:  true,
	}
	for _, from := range operation.States() {
		for _, to := range operation.States() {
			if got := from.CanBecome(to); got != legal[[2]operation.State{from, to}] {
				t.Errorf("CanBecome() from %s to %s = %v, want %v", from, to, got, !got)
			}
			if from.Terminal() && from.CanBecome(to) {
				t.Errorf("terminal state %s can become %s, want none", from, to)
			}
		}
	}
	for _, s := range operation.States() {
		if s.Live() && s.Terminal() {
			t.Errorf("%s is live and terminal, want at most one", s)
		}
	}
}

func TestCountsPercentRoundsDown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		counts operation.Counts
		want   int
	}{
		{operation.Counts{}, 0},
		{operation.Counts{Total: 3, Created: 1, Failed: 1}, 66},
		{operation.Counts{Total: 1000, Updated: 999}, 99},
		{operation.Counts{Total: 2_000_000_000, Superseded: 1_999_999_999}, 99},
		{operation.Counts{Total: 4, Created: 1, Updated: 1, Superseded: 1, Failed: 1}, 100},
	} {
		if got := tt.counts.Percent(); got != tt.want {
			t.Errorf("Percent() of %+v = %d, want %d", tt.counts, got, tt.want)
		}
	}
}

func TestCountsCount(t *testing.T) {
	t.Parallel()
	counts := operation.Counts{Total: 100}
	for i, o := range []operation.Outcome{
		operation.Created, operation.Updated, operation.Superseded, operation.Rejected,
		operation.Unprocessed,
	} {
		counts.Count(o, i+1)
	}
	want := operation.Counts{Total: 100, Created: 1, Updated: 2, Superseded: 3, Failed: 4}
	if counts != want {
		t.Errorf("counts = %+v, want %+v", counts, want)
	}
	if got, want := []int{counts.Imported(), counts.Processed(), counts.Unprocessed()}, []int{6, 10, 90}; !slices.Equal(got, want) {
		t.Errorf("imported, processed, unprocessed = %v, want %v", got, want)
	}
}

func TestParseOutcome(t *testing.T) {
	t.Parallel()
	for _, name := range operation.OutcomeNames() {
		if o, ok := operation.ParseOutcome(name); !ok || o.String() != name {
			t.Errorf("ParseOutcome(%s) = %v, %v, want the outcome with this name", name, o, ok)
		}
	}
	if _, ok := operation.ParseOutcome("lost"); ok {
		t.Error("ParseOutcome(lost) succeeded, want false")
	}
	if got := operation.Outcome(200).String(); got != "unknown" {
		t.Errorf("String() of an unknown outcome = %q, want %q", got, "unknown")
	}
}

func TestNewReference(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`^[A-Z0-9]{16}$`)
	seen := make(map[string]bool)
	for range 1000 {
		r := operation.NewReference()
		if !pattern.MatchString(r) || seen[r] {
			t.Fatalf("NewReference() = %q, want 16 letters and digits, unique: %v", r, !seen[r])
		}
		seen[r] = true
	}
}
