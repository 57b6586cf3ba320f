package e2e_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestContradictions holds the judge of TestDialectsAgree to what it must find.
func TestContradictions(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	say := func(who string, from, to int, states ...string) observation {
		return observation{who, at(from), at(to), states}
	}
	tests := map[string]struct {
		said []observation
		want []string
	}{
		"a_life":         {[]observation{say("a", 0, 1, "waiting"), say("b", 2, 3, "running"), say("c", 4, 5, "failed"), say("d", 6, 7, "gone failed")}, nil},
		"back":           {[]observation{say("a", 0, 1, "running"), say("b", 2, 3, "waiting")}, []string{"b after a"}},
		"two_ends":       {[]observation{say("a", 0, 1, "cancelled"), say("b", 2, 3, "succeeded")}, []string{"b after a"}},
		"another_gone":   {[]observation{say("a", 0, 1, "cancelled"), say("b", 2, 3, "gone succeeded")}, []string{"b after a"}},
		"back_from_gone": {[]observation{say("a", 0, 1, "gone failed"), say("b", 2, 3, "failed", "timed_out")}, []string{"b after a"}},
		"side_by_side":   {[]observation{say("a", 0, 5, "running"), say("b", 2, 3, "waiting")}, nil},
		"vague":          {[]observation{say("a", 0, 1, "running"), say("b", 2, 3, "waiting", "running"), say("c", 4, 5, "running")}, nil},
		"vague_is_bound": {
			[]observation{say("a", 0, 1, "running"), say("b", 2, 3, "failed", "timed_out"), say("c", 4, 5, "timed_out"), say("d", 6, 7, "gone failed")},
			[]string{"d after c"},
		},
		"enclosed": {[]observation{say("a", 0, 1, "running"), say("b", 2, 3, "succeeded"), say("c", 4, 5, "running")}, []string{"c after b"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, (&observedOperation{observations: test.said}).contradictions()); diff != "" {
				t.Errorf("contradictions (-want +got):\n%s", diff)
			}
		})
	}
}
