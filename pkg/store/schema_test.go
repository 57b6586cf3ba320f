package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestOpenChecksSchema(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	open := func(schema int64) error {
		s, err := store.Open(t.Context(), f.url, store.Options{Schema: schema})
		if err == nil {
			s.Close()
		}
		return err
	}
	for _, schema := range []int64{0, 1, migrations.Latest()} {
		if err := open(schema); err != nil {
			t.Errorf("Open() with schema %d = %v, want nil", schema, err)
		}
	}
	if err := open(migrations.Latest() + 1); err == nil || !strings.Contains(err.Error(), "migrate") {
		t.Errorf("Open() with a newer schema = %v, want an error that mentions migrate", err)
	}
	f.exec(t, "DROP TABLE xforce.longshore_migrations")
	if err := open(1); err == nil || !strings.Contains(err.Error(), "version 0") {
		t.Errorf("Open() on an empty database = %v, want an error with version 0", err)
	}
	if _, ok := errors.AsType[*store.SchemaError](open(1)); !ok {
		t.Error("Open() on an empty database does not return a SchemaError")
	}
}
