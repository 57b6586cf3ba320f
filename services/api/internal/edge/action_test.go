package edge_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

func TestActionsStandBehindAColon(t *testing.T) {
	t.Parallel()
	for segment, want := range map[string][2]string{
		"7:cancel": {"7", "cancel"}, ":cancel": {"", "cancel"}, "urn:uuid:7:retry": {"urn:uuid:7", "retry"},
		"7": {}, "7:": {}, "7:Cancel": {}, "7:cancels": {}, "cancel": {}, "": {}, ":": {},
	} {
		name, action, err := edge.Action(segment, "cancel", "retry")
		if got := [2]string{name, action}; got != want || (err == nil) != (want != [2]string{}) || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%q is %q, %v", segment, got, err)
		}
	}
}
