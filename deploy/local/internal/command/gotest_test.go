package command

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSelectPackages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ fast, normal, all bool }{
		"e2e":                          {false, true, true},
		"e2e/audit":                    {true, true, true},
		"e2e/bench":                    {false, true, true},
		"e2e/bench/internal/system":    {false, true, true},
		"e2e/poolers":                  {false, false, true},
		"e2e/poolers/internal/pgcat":   {false, false, true},
		"e2e/poolersettings":           {true, true, true},
		"deploy/image/internal/bundle": {false, true, true},
		"pkg/store":                    {true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := modulePrefix + name
			s := selectPackages([]string{path})
			for of, include := range map[string]struct{ got, want bool }{
				"fast":   {slices.Contains(s.fast, path), c.fast},
				"normal": {contains(s.runs(normalScope, "-race"), path), c.normal},
				"all":    {contains(s.runs(allScope, "-race"), path), c.all},
			} {
				if include.got != include.want {
					t.Errorf("%s tests include %s = %t, want %t", of, name, include.got, include.want)
				}
			}
		})
	}
}

func TestSelectionRuns(t *testing.T) {
	t.Parallel()
	const store, compose, chaos = modulePrefix + "pkg/store", modulePrefix + "deploy/compose", modulePrefix + "e2e/chaos"
	flags := []string{"-vet=off", "-shuffle=on", "-count=1", "-timeout", "30m"}
	with := func(args ...string) []string { return append(slices.Clone(flags), args...) }
	selected := selectPackages([]string{chaos, compose, systemTests, store})
	for name, tt := range map[string]struct {
		scope scope
		want  [][]string
	}{
		"normal": {normalScope, [][]string{with("-race", systemTests), with("-race", parallel(), store), with(compose)}},
		"all": {allScope, [][]string{
			with("-race", systemTests), with("-race", parallel(), store), with(compose), with("-race", "-p", "1", chaos),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, selected.runs(tt.scope, "-race")); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
		})
	}
}

func contains(runs [][]string, argument string) bool {
	return slices.ContainsFunc(runs, func(args []string) bool { return slices.Contains(args, argument) })
}
