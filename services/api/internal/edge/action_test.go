package edge_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

func TestAction(t *testing.T) {
	t.Parallel()
	for segment, want := range map[string]struct{ name, action string }{
		"7:cancel":         {"7", "cancel"},
		":cancel":          {"", "cancel"},
		"urn:uuid:7:retry": {"urn:uuid:7", "retry"},
	} {
		t.Run(segment, func(t *testing.T) {
			t.Parallel()
			name, action, err := edge.Action(segment, "cancel", "retry")
			if err != nil || name != want.name || action != want.action {
				t.Errorf("Action(%q) = %q, %q, %v, want %q, %q", segment, name, action, err, want.name, want.action)
			}
		})
	}
	for _, segment := range []string{"7", "7:", "7:Cancel", "7:cancels", "cancel", "", ":"} {
		t.Run(segment, func(t *testing.T) {
			t.Parallel()
			if name, action, err := edge.Action(segment, "cancel", "retry"); name != "" || action != "" || !fault.Is(err, fault.NotFound) {
				t.Errorf("Action(%q) = %q, %q, %v, want a fault of kind NotFound", segment, name, action, err)
			}
		})
	}
}
