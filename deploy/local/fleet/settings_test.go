package fleet_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/fleet"
)

// TestEveryProgramTellsItsConfiguration builds all of them, as deployments do.
func TestEveryProgramTellsItsConfiguration(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://not.asked/for") // the test's own variables are none of the programs' business
	folder := t.TempDir()
	if err := fleet.Build(t.Context(), "../../..", folder, io.Discard); err != nil {
		t.Fatal(err)
	}
	environ := []string{
		"DATABASE_URL=postgres://ann:hush@db.example/longshore", "REDIS_URL=redis://:hush@queue.example/0", "LONGSHORE_ADMIN_ADDR=0.0.0.0:9090",
		"LONGSHORE_ADMIN_ADR=typo", "LONGSHORE_LOG_LEVEL=debug",
	}
	for _, program := range fleet.Programs() {
		got, err := fleet.Settings(t.Context(), folder, program.Name, environ)
		if err != nil {
			t.Errorf("%s: %v", program.Name, err)
			continue
		}
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
	if _, err := fleet.Settings(t.Context(), folder, "api", environ[1:]); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("without a database: %v", err)
	}
}
