package programs_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
)

// TestEveryProgramTellsItsConfiguration asks all of them, as the checks of deployments do.
func TestEveryProgramTellsItsConfiguration(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://not.asked/for") // the test's own variables are none of the programs' business
	folder := programstest.Programs(t)
	environ := []string{
		"DATABASE_URL=postgres://ann:hush@db.example/longshore", "REDIS_URL=redis://:hush@queue.example/0", "LONGSHORE_ADMIN_ADDR=0.0.0.0:9090",
		"LONGSHORE_ADMIN_ADR=typo", "LONGSHORE_LOG_LEVEL=debug",
	}
	for _, program := range programs.Programs() {
		got, err := programs.ReadConfiguration(t.Context(), folder, program.Name, environ)
		if err != nil {
			t.Errorf("%s: %v", program.Name, err)
			continue
		}
		expectSameWords(t, folder, program.Name)
		if got.Service != program.Name || len(got.Variables) == 0 || !slices.Contains(got.Unknown, "LONGSHORE_ADMIN_ADR") {
			t.Errorf("%s says %+v", program.Name, got)
		}
		if address, reads := got.Value("DATABASE_URL"); reads && address != "postgres://ann:xxxxx@db.example/longshore" {
			t.Errorf("%s has the database %s", program.Name, address)
		}
		if address, reads := got.Value("LONGSHORE_ADMIN_ADDR"); reads != (program.Name != "migrate") || reads && address != "0.0.0.0:9090" {
			t.Errorf("%s listens at %q", program.Name, address)
		}
	}
	if _, err := programs.ReadConfiguration(t.Context(), folder, "api", environ[1:]); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("without a database: %v", err)
	}
}

// awkward are addresses whose passwords stand, or may stand, elsewhere than a URL has them.
var awkward = []string{
	"postgres://ann:hush@db.example/longshore?sslmode=require", "postgres://db.example/longshore?password=hush;b", "host=db.example password=hush",
	"postgres://ann:12#hush@db.example/longshore", "postgres://ann:12?hush@db.example/longshore", "postgres://db.example/longshore",
}

// expectSameWords: what programs print of their configuration is declared three times, by the services, by migrate and by this package, and is
// the same, field by field, also of what is hidden.
func expectSameWords(t *testing.T, folder, program string) {
	t.Helper()
	for _, address := range awkward {
		got, want := databaseOf(t, folder, program, address), databaseOf(t, folder, "migrate", address)
		if got.Name != "" && got != want || strings.Contains(got.Value, "hush") {
			t.Errorf("of %s %s says %+v, and migrate %+v", address, program, got, want)
		}
	}
}

// databaseOf is what a program says of the address of its database, empty if it has none. All that it says is held against Configuration.
func databaseOf(t *testing.T, folder, program, address string) programs.Variable {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(folder, program), "config")
	command.Env = []string{"DATABASE_URL=" + address, "REDIS_URL=redis://queue.example/0"}
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	var said programs.Configuration
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&said); err != nil {
		t.Fatalf("%s says %s: %v", program, text, err)
	}
	if again, err := json.MarshalIndent(said, "", "  "); err != nil || string(again) != strings.TrimSpace(string(text)) {
		t.Errorf("%s says %s, which is read as %s: %v", program, text, again, err)
	}
	for _, v := range said.Variables {
		if v.Name == "DATABASE_URL" {
			return v
		}
	}
	return programs.Variable{}
}

// TestProgramsPrintTheirVersion checks that all programs print the same line after their names.
func TestProgramsPrintTheirVersion(t *testing.T) {
	t.Parallel()
	folder := programstest.Programs(t)
	var want string
	for _, program := range programs.Programs() {
		out, err := exec.CommandContext(t.Context(), filepath.Join(folder, program.Name), "--version").Output()
		if err != nil {
			t.Errorf("%s --version: %v", program.Name, err)
			continue
		}
		name, got, _ := strings.Cut(string(out), " ")
		want = cmp.Or(want, got)
		if name != program.Name || got != want || strings.Count(got, "\n") != 1 {
			t.Errorf("%s --version = %q, want its name and %q", program.Name, out, want)
		}
	}
}
