package store_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestOpenGuardsTheSchema(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for schema, fails := range map[int64]bool{0: false, 1: false, migrations.Latest(): false, migrations.Latest() + 1: true} {
		s, err := store.Open(t.Context(), f.url, store.Options{Schema: schema})
		if (err != nil) != fails || fails && !strings.Contains(err.Error(), "migrate") {
			t.Errorf("schema %d: %v", schema, err)
		}
		if err == nil {
			s.Close()
		}
	}
	if _, err := f.sql.Exec(t.Context(), "DROP TABLE public.longshore_migrations"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), f.url, store.Options{Schema: 1}); err == nil || !strings.Contains(err.Error(), "version 0") {
		t.Errorf("on an empty database: %v", err)
	}
}
