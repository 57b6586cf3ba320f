package migrations_test

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"

	"github.com/longshore-io/longshore/migrations"
)

func TestNumbersAreGapless(t *testing.T) {
	t.Parallel()
	for i, number := range migrations.Numbers() {
		if number != int64(i+1) {
			t.Errorf("migration %d stands at place %d", number, i+1)
		}
	}
	if got := migrations.Latest(); got != int64(len(migrations.Numbers())) {
		t.Errorf("the latest is %d of %d", got, len(migrations.Numbers()))
	}
}

func TestNamesSaySubjects(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^\d{4}_[a-z_]+\.sql$`)
	names, err := fs.Glob(migrations.Files(), "*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if !shape.MatchString(name) {
			t.Errorf("%s must look like 0001_subject.sql", name)
		}
	}
}

// TestOneTableIsAlteredAtATime: a migration is one transaction and runs beside the services, whose steps lock several tables. Two that are
// altered in one transaction would be a deadlock, in whichever order.
func TestOneTableIsAlteredAtATime(t *testing.T) {
	t.Parallel()
	alters := regexp.MustCompile(`(?i)(?:ALTER TABLE|DROP TABLE|UPDATE|REFERENCES|INDEX\s+\S+\s+ON)\s+(?:ONLY\s+)?(?:IF EXISTS\s+)?([^\s;(]+)`)
	names, err := fs.Glob(migrations.Files(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name < "0004" {
			continue // released before services had to go on meanwhile
		}
		text, err := fs.ReadFile(migrations.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		var tables []string
		for _, found := range alters.FindAllSubmatch(text, -1) {
			tables = append(tables, string(found[1]))
		}
		slices.Sort(tables)
		if tables = slices.Compact(tables); len(tables) > 1 {
			t.Errorf("%s alters %q: make a migration of each", name, tables)
		}
	}
}
