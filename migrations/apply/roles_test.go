package apply

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
)

// newRole creates a role that may log in and nothing else, and returns its name and the address of
// the database for it. It is dropped when the test ends, with its rights in the database.
func newRole(t *testing.T, database, purpose string) (name, address string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name = strings.TrimPrefix(u.Path, "/") + "_" + purpose
	admin := connect(t, database)
	mustExec(t, admin, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'test'", name))
	t.Cleanup(func() {
		for _, statement := range []string{"DROP OWNED BY " + name, "DROP ROLE " + name} {
			if _, err := admin.Exec(context.Background(), statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
	u.User = url.UserPassword(name, "test")
	return name, u.String()
}

// TestUpWithLeastRights: an owner of the schema xforce that can create nothing elsewhere migrates a
// database, twice.
func TestUpWithLeastRights(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	owner, address := newRole(t, database, "owner")
	mustExec(t, connect(t, database), "REVOKE CREATE ON SCHEMA public FROM PUBLIC", "CREATE SCHEMA xforce AUTHORIZATION "+owner)
	for _, want := range []int{len(migrations.Numbers()), 0} {
		if applied, err := Up(t.Context(), address); err != nil || len(applied) != want {
			t.Fatalf("Up() = %d migrations, %v, want %d", len(applied), err, want)
		}
	}
}

// TestUpMovesVersions: the versions that an earlier release has recorded in the schema public count,
// and stay readable for programs of that release.
func TestUpMovesVersions(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	conn := connect(t, address)
	const old = 13
	if _, err := (Migrator{DatabaseURL: address, files: firstMigrations(t, old)}).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustExec(t, conn, "ALTER TABLE "+Table+" SET SCHEMA public")
	for _, want := range []int{len(migrations.Numbers()) - old, 0} {
		if applied, err := Up(t.Context(), address); err != nil || len(applied) != want {
			t.Fatalf("Up() = %v, %v, want %d migrations", applied, err, want)
		}
	}
	expectVersion := func(table string, want int64) {
		t.Helper()
		var got int64
		if err := conn.QueryRow(t.Context(), "SELECT max(version_id) FROM "+table+" WHERE is_applied").Scan(&got); err != nil || got != want {
			t.Errorf("version in %s = %d, %v, want %d", table, got, err, want)
		}
	}
	expectVersion(Table, migrations.Latest())
	expectVersion("public.longshore_migrations", migrations.Numbers()[old-1])
}

// TestUpGrants: each role has the rights of the file, and no other on the schema. The rights are the
// same after the second call, and with concurrent callers.
func TestUpGrants(t *testing.T) {
	t.Parallel()
	database := newDatabase(t)
	migrator := Migrator{DatabaseURL: database, Roles: make(map[grants.Role]string)}
	for _, role := range grants.Roles() {
		migrator.Roles[role], _ = newRole(t, database, string(role))
	}
	errs := make(chan error)
	for range 3 {
		go func() { _, err := migrator.Up(t.Context()); errs <- err }()
	}
	for range 3 {
		if err := <-errs; err != nil {
			t.Fatalf("Up() = %v, want nil", err)
		}
	}
	conn := connect(t, database)
	for role, name := range migrator.Roles {
		const held = `
SELECT a.privilege_type || ' ON SCHEMA xforce' FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'xforce' AND a.grantee = $1::text::regrole
UNION SELECT a.privilege_type || ' ON xforce.' || c.relname FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'xforce'::regnamespace AND a.grantee = $1::text::regrole
UNION SELECT a.privilege_type || ' (' || t.attname || ') ON xforce.' || c.relname FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
WHERE c.relnamespace = 'xforce'::regnamespace AND a.grantee = $1::text::regrole`
		got := make(map[string]bool)
		for _, right := range queryStrings(t, conn, held, name) {
			got[right] = true
		}
		for _, right := range grants.Rights(role) {
			if !got[right.String()] {
				t.Errorf("%s lacks %s", role, right)
			}
			delete(got, right.String())
		}
		for right := range got {
			t.Errorf("%s has %s, which is not in the file", role, right)
		}
	}
}

// TestUpGrantsToUnknownRole names the file that creates the roles.
func TestUpGrantsToUnknownRole(t *testing.T) {
	t.Parallel()
	_, err := Migrator{DatabaseURL: newDatabase(t), Roles: map[grants.Role]string{grants.API: "nobody_at_all"}}.Up(t.Context())
	if err == nil || !strings.Contains(err.Error(), "deploy/postgres/roles.sql") || !strings.Contains(err.Error(), "nobody_at_all") {
		t.Errorf("Up() = %v, want an error with the role and the file that creates it", err)
	}
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); !ok || fromServer.Code != "42704" {
		t.Errorf("Up() = %v, want undefined_object", err)
	}
}

// TestGrantsNameEveryTable: a new table needs a decision on who may use it.
func TestGrantsNameEveryTable(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	if _, err := Up(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	const tables = `SELECT relname::text FROM pg_class WHERE relnamespace = 'xforce'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')`
	for _, table := range queryStrings(t, connect(t, address), tables) {
		if !strings.Contains(grants.SQL(), " ON xforce."+table+" TO ") {
			t.Errorf("migrations/grants/grants.sql does not mention xforce.%s", table)
		}
	}
}

// queryStrings returns the only column of a query.
func queryStrings(t *testing.T, conn *pgx.Conn, query string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	column, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return column
}
