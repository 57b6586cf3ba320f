package service

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	t.Parallel()
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs.revision", Value: "45854d1a2b3c4d5e6f708192a3b4c5d6e7f80910"},
			{Key: "vcs.time", Value: "2026-11-26T16:52:00Z"},
			{Key: "vcs.modified", Value: modified},
		}
	}
	commit, modified := vcs("false"), vcs("true")
	for name, tt := range map[string]struct {
		linked, module string
		settings       []debug.BuildSetting
		want           string
	}{
		"nothing known":     {"", "", nil, "0.1.0"},
		"module not tagged": {"", "(devel)", nil, "0.1.0"},
		"pseudo-version":    {"", "v0.0.0-20261126165200-45854d1a2b3c", commit, "0.1.0, commit 45854d1a2b3c (2026-11-26T16:52:00Z)"},
		"pseudo-version, modified": {
			"", "v0.1.1-0.20261126165200-45854d1a2b3c+dirty", modified, "0.1.0, commit 45854d1a2b3c (2026-11-26T16:52:00Z, modified)",
		},
		"tagged module":  {"", "v1.2.3", nil, "1.2.3"},
		"linked":         {"v2.0.0", "v1.2.3", commit, "2.0.0, commit 45854d1a2b3c (2026-11-26T16:52:00Z)"},
		"untagged image": {"dev", "", nil, "0.1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := versionOf(tt.linked, &debug.BuildInfo{Main: debug.Module{Version: tt.module}, Settings: tt.settings}).String()
			if want := tt.want + ", " + runtime.Version(); got != want {
				t.Errorf("versionOf() = %q, want %q", got, want)
			}
		})
	}
}
