package apply

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations"
)

// newDatabase makes an empty database, which is dropped when the test ends.
func newDatabase(t *testing.T) string {
	t.Helper()
	server := os.Getenv("DATABASE_URL")
	address, err := url.Parse(server)
	if err != nil || server == "" {
		t.Fatalf("DATABASE_URL is not set or none (%v): run the tests with make test, which starts what they need", err)
	}
	conn := connect(t, server)
	name := fmt.Sprintf("test_migrate_%d_%d", os.Getpid(), time.Now().UnixNano())
	mustExec(t, conn, "CREATE DATABASE "+name)
	t.Cleanup(func() {
		if _, err := conn.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	address.Path = "/" + name
	return address.String()
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func mustExec(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // rather than for ever, should a lock be in the way
	defer cancel()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// upTo returns our migrations as they were when the newest had the number.
func upTo(t *testing.T, newest int) fs.FS {
	t.Helper()
	names, err := fs.Glob(migrations.Files(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names[:newest] {
		content, err := fs.ReadFile(migrations.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: content}
	}
	return files
}

func TestOnlyWhatIsLackingIsApplied(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	if _, err := (Migrator{DatabaseURL: address, files: upTo(t, 3)}).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	applied, err := Up(t.Context(), address)
	if err != nil || len(applied) != int(migrations.Latest())-3 || applied[0].Number != 4 || applied[0].File != "0004_watching.sql" {
		t.Errorf("after the third: %+v, %v", applied, err)
	}
	if applied, err := Up(t.Context(), address); err != nil || len(applied) != 0 {
		t.Errorf("twice: %+v, %v", applied, err)
	}
}

// TestManyMayMigrateAtOnce: each migration is applied by one of them, and none fails.
func TestManyMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	by := make(map[int64]int)
	for range 4 {
		all.Go(func() {
			applied, err := Up(t.Context(), address)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, a := range applied {
				by[a.Number]++
			}
		})
	}
	all.Wait()
	for _, number := range migrations.Numbers() {
		if by[number] != 1 {
			t.Errorf("migration %d was applied %d times", number, by[number])
		}
	}
}

func TestAMigrationThatIsBrokenIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	applied, err := Migrator{
		DatabaseURL: newDatabase(t), Waiting: func(w Wait) { t.Errorf("it waits: %+v", w) },
		files: fstest.MapFS{
			"0001_good.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (id INT);")},
			"0002_bad.sql":  {Data: []byte("-- +goose Up\nALTER TABLE b ADD COLUMN name TEXT;")},
		},
	}.Up(t.Context())
	if len(applied) != 1 || applied[0].File != "0001_good.sql" || err == nil || !strings.Contains(err.Error(), `"b" does not exist`) {
		t.Errorf("%+v, %v", applied, err)
	}
}
