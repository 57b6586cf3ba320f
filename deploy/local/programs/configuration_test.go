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

func TestReadConfiguration(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://inherited.example/longshore") // must not reach the programs
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
		expectSameDescription(t, folder, program.Name)
		if got.Service != program.Name || len(got.Variables) == 0 || !slices.Contains(got.Unknown, "LONGSHORE_ADMIN_ADR") {
			t.Errorf("ReadConfiguration(%s) = %+v, want variables, and LONGSHORE_ADMIN_ADR among the unknown ones", program.Name, got)
		}
		if address, reads := got.Value("DATABASE_URL"); reads && address != "postgres://ann:xxxxx@db.example/longshore" {
			t.Errorf("%s: DATABASE_URL = %s, want its password hidden", program.Name, address)
		}
		if address, reads := got.Value("LONGSHORE_ADMIN_ADDR"); reads != (program.Name != "migrate") || reads && address != "0.0.0.0:9090" {
			t.Errorf("%s: LONGSHORE_ADMIN_ADDR = %q (read: %t), want 0.0.0.0:9090, read by all but migrate", program.Name, address, reads)
		}
	}
	if _, err := programs.ReadConfiguration(t.Context(), folder, "api", environ[1:]); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("ReadConfiguration(api) without DATABASE_URL = %v, want an error that names it", err)
	}
}

// addresses contains database addresses with passwords in different places, all of them "hush".
var addresses = []string{
	"postgres://ann:hush@db.example/longshore?sslmode=require", "postgres://db.example/longshore?password=hush;b", "host=db.example password=hush",
	"postgres://ann:12#hush@db.example/longshore", "postgres://ann:12?hush@db.example/longshore", "postgres://db.example/longshore",
}

// expectSameDescription checks that the program describes its database as migrate does, because the
// format of the description is declared three times: by the services, by migrate and by package
// programs.
func expectSameDescription(t *testing.T, folder, program string) {
	t.Helper()
	for _, address := range addresses {
		got, want := databaseOf(t, folder, program, address), databaseOf(t, folder, "migrate", address)
		if got.Name != "" && got != want || strings.Contains(got.Value, "hush") {
			t.Errorf("%s: description of %s = %+v, want that of migrate, %+v, without the password", program, address, got, want)
		}
	}
}

// databaseOf returns a program's description of DATABASE_URL, empty if it does not read it. It checks
// that the whole output has the form of Configuration.
func databaseOf(t *testing.T, folder, program, address string) programs.Variable {
	t.Helper()
	command := exec.CommandContext(t.Context(), filepath.Join(folder, program), "config")
	command.Env = []string{"DATABASE_URL=" + address, "REDIS_URL=redis://queue.example/0"}
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	var configuration programs.Configuration
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&configuration); err != nil {
		t.Fatalf("decoding the output of %s config, %s: %v", program, text, err)
	}
	if encoded, err := json.MarshalIndent(configuration, "", "  "); err != nil || string(encoded) != strings.TrimSpace(string(text)) {
		t.Errorf("output of %s config = %s, want %s as after decoding and encoding (%v)", program, text, encoded, err)
	}
	for _, v := range configuration.Variables {
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
