// Package storetest creates a database for each test, cloned from a template that is migrated once.
// Only tests import it.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/store"
)

// templateLock is the advisory lock that serializes the creation of the template between test
// binaries.
const templateLock = 0x4c6f6e6773686f72

var template = sync.OnceValues(makeTemplate)

// NewDatabase creates a migrated database and returns its address. The database is dropped when the
// test ends. It is on the server at DATABASE_URL, whose role must be allowed to create databases.
// Without that variable the test fails instead of being skipped.
func NewDatabase(tb testing.TB) string {
	tb.Helper()
	source, err := template()
	if err != nil {
		tb.Fatalf("preparing the template database: %v", err)
	}
	return clone(tb, source)
}

// NewEmptyDatabase is NewDatabase without the migrations.
func NewEmptyDatabase(tb testing.TB) string {
	tb.Helper()
	return clone(tb, "template1") // Postgres' own default
}

// clone copies the files of a database: the default strategy writes each page to the write-ahead log,
// which takes four times as much of the processor.
func clone(tb testing.TB, source string) string {
	tb.Helper()
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	statement := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, source)
	if err := onServer(context.Background(), statement); err != nil {
		tb.Fatalf("cloning the database %s: %v", source, err)
	}
	tb.Cleanup(func() {
		if err := onServer(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("dropping the test's database: %v", err)
		}
	})
	return addressOf(name)
}

// Open opens a store on the database, closed when the test ends.
func Open(tb testing.TB, databaseURL string, options store.Options) *store.Store {
	tb.Helper()
	opened, err := store.Open(tb.Context(), databaseURL, options)
	if err != nil {
		tb.Fatalf("opening the store: %v", err)
	}
	tb.Cleanup(opened.Close)
	return opened
}

// Connect opens one connection to the database, closed when the test ends.
func Connect(tb testing.TB, databaseURL string) *pgx.Conn {
	tb.Helper()
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		tb.Fatalf("reading the test's database URL: %v", err)
	}
	config.RuntimeParams["timezone"] = "UTC"
	conn, err := pgx.ConnectConfig(tb.Context(), config)
	if err != nil {
		tb.Fatalf("connecting to the test's database: %v", err)
	}
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func serverURL() (string, error) {
	address := os.Getenv("DATABASE_URL")
	if address == "" {
		return "", fmt.Errorf("DATABASE_URL is not set: run the tests with make test, which starts what they need")
	}
	return address, nil
}

// makeTemplate creates and migrates the template, unless it exists, and returns its name. Each
// version of the migrations has its own.
func makeTemplate() (string, error) {
	ctx := context.Background()
	address, err := serverURL()
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return "", fmt.Errorf("connecting to the server: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // also releases the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return "", fmt.Errorf("locking the template: %w", err)
	}
	name := "template_" + fingerprint()
	const isTemplate = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)"
	var exists bool
	if err := conn.QueryRow(ctx, isTemplate, name).Scan(&exists); err != nil {
		return "", fmt.Errorf("checking whether the template exists: %w", err)
	}
	if exists {
		return name, nil
	}
	return name, buildTemplate(ctx, conn, name)
}

// buildTemplate marks the database as a template only after its migration, so that an incomplete
// one is created again.
func buildTemplate(ctx context.Context, conn *pgx.Conn, name string) error {
	for _, statement := range []string{createRoles(), "DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("creating the template: %w", err)
		}
	}
	if err := migrate(ctx, addressOf(name)); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true"); err != nil {
		return fmt.Errorf("finishing the template: %w", err)
	}
	return nil
}

func onServer(ctx context.Context, statement string) error {
	address, err := serverURL()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	_ = conn.Close(ctx)
	return err
}

func addressOf(database string) string {
	address, err := url.Parse(os.Getenv("DATABASE_URL"))
	if err != nil {
		return "" // unreachable: the driver has parsed it before
	}
	address.Path = "/" + database
	return address.String()
}

// fingerprint returns a hash of the migrations, so that a changed one leads to a new template.
func fingerprint() string {
	sum := sha256.New()
	names, _ := fs.Glob(migrations.Files(), "*.sql")
	for _, name := range names {
		content, _ := fs.ReadFile(migrations.Files(), name)
		sum.Write(content)
	}
	sum.Write([]byte(grants.SQL() + createRoles() + ownSchema))
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
