package apply

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations"
)

// newDatabase creates an empty database, which is dropped when the test ends, and returns its
// address.
func newDatabase(t *testing.T) string {
	t.Helper()
	server := os.Getenv("DATABASE_URL")
	address, err := url.Parse(server)
	if err != nil || server == "" {
		t.Fatalf("DATABASE_URL is not set or not a URL (%v): run the tests with make test, which starts what they need", err)
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
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a statement may wait for a lock
	defer cancel()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// firstMigrations returns the first n migrations.
func firstMigrations(t *testing.T, n int) fs.FS {
	t.Helper()
	names, err := fs.Glob(migrations.Files(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names[:n] {
		content, err := fs.ReadFile(migrations.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: content}
	}
	return files
}
