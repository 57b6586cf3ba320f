package programs_test

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/deploy/local/configdoc"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// TestConfigDocMatchesPrograms compares the variables that the generator of docs/configuration.md
// reads from the sources with those that the built programs print.
func TestConfigDocMatchesPrograms(t *testing.T) {
	t.Parallel()
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	documented, err := configdoc.Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	folder := programstest.Programs(t)
	for _, program := range programs.Programs() {
		want := make(map[string]programs.Variable)
		for name, v := range documented {
			if slices.Contains(v.Programs, program.Name) {
				want[name] = programs.Variable{Name: name, Default: v.Default, Required: v.Required}
			}
		}
		environ := []string{"DATABASE_URL=postgres://db.example/longshore", "REDIS_URL=redis://queue.example/0"}
		configuration, err := programs.ReadConfiguration(t.Context(), folder, program.Name, environ)
		if err != nil {
			t.Errorf("%s: %v", program.Name, err)
			continue
		}
		got := make(map[string]programs.Variable)
		for _, v := range configuration.Variables {
			v.Value = ""
			got[v.Name] = v
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-documented +printed):\n%s", program.Name, diff)
		}
	}
}
