package migrations_test

import (
	"io/fs"
	"regexp"
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
