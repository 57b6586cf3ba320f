package operation_test

import (
	"regexp"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
)

func TestTransitionsLeadFromReceivingToAnEnd(t *testing.T) {
	t.Parallel()
	legal := map[[2]operation.State]bool{
		{operation.Receiving, operation.Waiting}: true,
		{operation.Waiting, operation.Running}:   true,
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
				t.Errorf("%s to %s: %v", from, to, got)
			}
			if from.Terminal() && from.CanBecome(to) {
				t.Errorf("%s is terminal and becomes %s", from, to)
			}
		}
	}
	for _, s := range operation.States() {
		if s.Live() && s.Terminal() {
			t.Errorf("%s is live and terminal", s)
		}
	}
}

func TestPercentIsRoundedDown(t *testing.T) {
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
			t.Errorf("%+v is %d%%, want %d%%", tt.counts, got, tt.want)
		}
	}
}

func TestCountsAddUp(t *testing.T) {
	t.Parallel()
	counts := operation.Counts{Total: 100}
	for i, o := range []operation.Outcome{operation.Created, operation.Updated, operation.Superseded, operation.Rejected, operation.Unprocessed} {
		counts.Count(o, i+1)
	}
	want := operation.Counts{Total: 100, Created: 1, Updated: 2, Superseded: 3, Failed: 4}
	if counts != want || counts.Imported() != 6 || counts.Processed() != 10 || counts.Unprocessed() != 90 {
		t.Errorf("%+v, imported %d, processed %d, unprocessed %d", counts, counts.Imported(), counts.Processed(), counts.Unprocessed())
	}
}

func TestOutcomeWordsGoBothWays(t *testing.T) {
	t.Parallel()
	for _, word := range operation.OutcomeNames() {
		if o, ok := operation.ParseOutcome(word); !ok || o.String() != word {
			t.Errorf("%s is read as %v, %v", word, o, ok)
		}
	}
	if _, ok := operation.ParseOutcome("lost"); ok {
		t.Error("an unknown word is read")
	}
	if got := operation.Outcome(200).String(); got != "unknown" {
		t.Errorf("an unknown outcome is called %q", got)
	}
}

func TestReferencesAreUnguessable(t *testing.T) {
	t.Parallel()
	seed := regexp.MustCompile(`^[A-Z0-9]{16}$`)
	seen := make(map[string]bool)
	for range 1000 {
		r := operation.NewReference()
		if !seed.MatchString(r) || seen[r] {
			t.Fatalf("reference %q, seen before: %v", r, seen[r])
		}
		seen[r] = true
	}
}
