package apply

import (
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/longshore-io/longshore/migrations"
)

func TestUpAppliesMissingMigrations(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	if _, err := (Migrator{DatabaseURL: address, files: firstMigrations(t, 3)}).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	applied, err := Up(t.Context(), address)
	if want := int(migrations.Latest()) - 3; err != nil || len(applied) != want {
		t.Fatalf("Up() after migration 3 = %+v, %v, want %d migrations", applied, err, want)
	}
	if want := (Applied{Number: 4, File: "0004_watching.sql"}); applied[0] != want {
		t.Errorf("Up() after migration 3 applied %+v first, want %+v", applied[0], want)
	}
	if applied, err := Up(t.Context(), address); err != nil || len(applied) != 0 {
		t.Errorf("second Up() = %+v, %v, want none", applied, err)
	}
}

// TestUpConcurrently: each migration is applied by one of the callers, and no call fails.
func TestUpConcurrently(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	var callers sync.WaitGroup
	var mu sync.Mutex
	counts := make(map[int64]int)
	for range 4 {
		callers.Go(func() {
			applied, err := Up(t.Context(), address)
			if err != nil {
				t.Errorf("Up() = %v, want nil", err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, a := range applied {
				counts[a.Number]++
			}
		})
	}
	callers.Wait()
	for _, number := range migrations.Numbers() {
		if counts[number] != 1 {
			t.Errorf("migration %d was applied %d times, want 1", number, counts[number])
		}
	}
}

func TestUpDoesNotRetryInvalidMigrations(t *testing.T) {
	t.Parallel()
	applied, err := Migrator{
		DatabaseURL: newDatabase(t), OnRetry: func(r Retry) { t.Errorf("OnRetry(%+v) was called", r) },
		files: fstest.MapFS{
			"0001_good.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (id INT);")},
			"0002_bad.sql":  {Data: []byte("-- +goose Up\nALTER TABLE b ADD COLUMN name TEXT;")},
		},
	}.Up(t.Context())
	if len(applied) != 1 || applied[0].File != "0001_good.sql" {
		t.Errorf("Up() applied %+v, want 0001_good.sql", applied)
	}
	if err == nil || !strings.Contains(err.Error(), `"b" does not exist`) {
		t.Errorf(`Up() = %v, want an error that contains "b" does not exist`, err)
	}
}
