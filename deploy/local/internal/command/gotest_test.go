package command

import "testing"

func TestIsSlow(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"github.com/longshore-io/longshore/e2e":                          true,
		"github.com/longshore-io/longshore/e2e/audit":                    false,
		"github.com/longshore-io/longshore/e2e/bench":                    true,
		"github.com/longshore-io/longshore/e2e/bench/internal/rig":       true,
		"github.com/longshore-io/longshore/deploy/image/internal/bundle": true,
		"github.com/longshore-io/longshore/pkg/store":                    false,
	} {
		if got := isSlow(path); got != want {
			t.Errorf("isSlow(%s) = %t, want %t", path, got, want)
		}
	}
}
