package edge_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/edge"
)

func TestCheckDeps(t *testing.T) {
	t.Parallel()
	type deps struct {
		Log      *slog.Logger
		Stringer fmt.Stringer
		Func     func()
		Limit    int
	}
	var stringer fmt.Stringer = slog.LevelInfo
	for name, tt := range map[string]struct {
		deps deps
		want string
	}{
		"complete":         {deps{slog.Default(), stringer, func() {}, 0}, ""},
		"one nil":          {deps{nil, stringer, func() {}, 1}, "edge_test.deps.Log is nil"},
		"nil in interface": {deps{slog.Default(), (*slog.LevelVar)(nil), func() {}, 1}, "edge_test.deps.Stringer is nil"},
		"all nil":          {deps{}, "edge_test.deps.Log is nil\nedge_test.deps.Stringer is nil\nedge_test.deps.Func is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := edge.CheckDeps(tt.deps); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("CheckDeps() = %q, want %q", got, tt.want)
			}
		})
	}
}
