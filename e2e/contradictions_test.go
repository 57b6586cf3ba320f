package e2e_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestContradictions checks which observations contradict each other, as TestDialectsAgree decides
// it.
func TestContradictions(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	observe := func(who string, from, to int, states ...string) observation {
		return observation{who, at(from), at(to), states}
	}
	tests := map[string]struct {
		observations []observation
		want         []string
	}{
		"in_order": {[]observation{
			observe("a", 0, 1, "waiting"), observe("b", 2, 3, "running"),
			observe("c", 4, 5, "failed"), observe("d", 6, 7, "gone failed"),
		}, nil},
		"backwards":        {[]observation{observe("a", 0, 1, "running"), observe("b", 2, 3, "waiting")}, []string{"b after a"}},
		"two_final_states": {[]observation{observe("a", 0, 1, "cancelled"), observe("b", 2, 3, "succeeded")}, []string{"b after a"}},
		"deleted_with_another_state": {
			[]observation{observe("a", 0, 1, "cancelled"), observe("b", 2, 3, "gone succeeded")},
			[]string{"b after a"},
		},
		"present_after_deleted": {
			[]observation{observe("a", 0, 1, "gone failed"), observe("b", 2, 3, "failed", "timed_out")},
			[]string{"b after a"},
		},
		"overlapping": {[]observation{observe("a", 0, 5, "running"), observe("b", 2, 3, "waiting")}, nil},
		"ambiguous": {[]observation{
			observe("a", 0, 1, "running"), observe("b", 2, 3, "waiting", "running"),
			observe("c", 4, 5, "running"),
		}, nil},
		"ambiguous_is_narrowed": {
			[]observation{
				observe("a", 0, 1, "running"), observe("b", 2, 3, "failed", "timed_out"), observe("c", 4, 5, "timed_out"),
				observe("d", 6, 7, "gone failed"),
			},
			[]string{"d after c"},
		},
		"enclosed": {
			[]observation{observe("a", 0, 1, "running"), observe("b", 2, 3, "succeeded"), observe("c", 4, 5, "running")},
			[]string{"c after b"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, (&observedOperation{observations: test.observations}).contradictions()); diff != "" {
				t.Errorf("contradictions (-want +got):\n%s", diff)
			}
		})
	}
}
