package migrations_test

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"

	"github.com/longshore-io/longshore/migrations"
)

func TestNumbersHaveNoGaps(t *testing.T) {
	t.Parallel()
	for i, number := range migrations.Numbers() {
		if number != int64(i+1) {
			t.Errorf("Numbers()[%d] = %d, want %d", i, number, i+1)
		}
	}
	if got, want := migrations.Latest(), int64(len(migrations.Numbers())); got != want {
		t.Errorf("Latest() = %d, want %d", got, want)
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^\d{4}_[a-z_]+\.sql$`)
	names, err := fs.Glob(migrations.Files(), "*")
	if err != nil || len(names) == 0 {
		t.Fatalf("Glob() = %v, %v, want files", names, err)
	}
	for _, name := range names {
		if !form.MatchString(name) {
			t.Errorf("%s must have the form 0001_subject.sql", name)
		}
	}
}

// TestFilesAlterOneTable: a migration is one transaction and runs beside the services, whose steps
// lock several tables. If it altered two tables, it could deadlock with them, in whichever order.
// Statements that only set storage parameters are no risk: their lock does not conflict with those
// of steps.
func TestFilesAlterOneTable(t *testing.T) {
	t.Parallel()
	storageParameters := regexp.MustCompile(`ALTER TABLE \S+ SET \(`)
	alters := regexp.MustCompile(`(?i)(?:ALTER TABLE|DROP TABLE|\bUPDATE(?:\s+ON)?|REFERENCES|INDEX\s+(?:CONCURRENTLY\s+)?\S+\s+ON)\s+(?:ONLY\s+)?(?:IF EXISTS\s+)?([^\s;(]+)`)
	names, err := fs.Glob(migrations.Files(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name < "0004" {
			continue // released before services had to run during a migration
		}
		text, err := fs.ReadFile(migrations.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		text = storageParameters.ReplaceAll(text, nil)
		var tables []string
		for _, match := range alters.FindAllSubmatch(text, -1) {
			tables = append(tables, string(match[1]))
		}
		slices.Sort(tables)
		if tables = slices.Compact(tables); len(tables) > 1 {
			t.Errorf("%s alters %q, want one table for each migration", name, tables)
		}
	}
}
