package storetest

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/apply"
	"github.com/longshore-io/longshore/migrations/grants"
)

// password is the password of the roles of all tests. Their servers accept local connections only.
const password = "test"

// RoleName returns the name of a role on the tests' server. All databases of NewDatabase share the
// roles.
func RoleName(role grants.Role) string { return "longshore_test_" + string(role) }

// roleNames are the roles that migrate grants rights to.
func roleNames() map[grants.Role]string {
	names := make(map[grants.Role]string)
	for _, role := range grants.Roles() {
		names[role] = RoleName(role)
	}
	return names
}

// As returns the address of a database for one of the roles instead of the superuser. A database of
// NewDatabase belongs to the superuser, its schema xforce to the role grants.Owner.
func As(tb testing.TB, databaseURL string, role grants.Role) string {
	tb.Helper()
	// url.Parse refuses addresses of several hosts.
	scheme, rest, found := strings.Cut(databaseURL, "://")
	if !found {
		tb.Fatalf("the test's database URL %s has no scheme", databaseURL)
	}
	if _, host, hasUser := strings.Cut(rest, "@"); hasUser {
		rest = host
	}
	return fmt.Sprintf("%s://%s@%s", scheme, url.UserPassword(RoleName(role), password), rest)
}

// CallerRole is a role that the worker's role may take, as the role of a caller.
const CallerRole = "longshore_test_caller"

// createRoles returns the statement that creates the roles on a server that does not have them.
func createRoles() string {
	var script strings.Builder
	for _, role := range append(grants.Roles(), grants.Owner) {
		fmt.Fprintf(&script, `
DO $$ BEGIN
  CREATE ROLE %s LOGIN PASSWORD '%s';
EXCEPTION WHEN duplicate_object OR unique_violation THEN
END $$;`, RoleName(role), password)
	}
	fmt.Fprintf(&script, `
DO $$ BEGIN
  CREATE ROLE %[1]s;
  GRANT %[1]s TO %[2]s;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
END $$;`, CallerRole, RoleName(grants.Worker))
	return script.String()
}

// ownSchema prepares a database for the owner as a careful administrator does: the owner can create
// in the schema xforce only. The worker gets rights on the target tables that a test creates.
var ownSchema = fmt.Sprintf(`
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA xforce AUTHORIZATION %[1]s;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE ON TABLES TO %[2]s;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO %[2]s;`, RoleName(grants.Owner), RoleName(grants.Worker))

// NewOwnedDatabase is NewEmptyDatabase with an empty schema xforce that belongs to the role
// grants.Owner, which can create nothing outside of it.
func NewOwnedDatabase(tb testing.TB) string {
	tb.Helper()
	database := NewEmptyDatabase(tb)
	conn := Connect(tb, database)
	Exec(tb, conn, createRoles())
	Exec(tb, conn, ownSchema)
	return database
}

// migrate migrates an empty database as the owner of its schema.
func migrate(ctx context.Context, databaseURL string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("connecting to the template: %w", err)
	}
	_, err = conn.Exec(ctx, ownSchema)
	_ = conn.Close(ctx)
	if err != nil {
		return fmt.Errorf("preparing the template: %w", err)
	}
	address, err := url.Parse(databaseURL)
	if err != nil {
		return err
	}
	address.User = url.UserPassword(RoleName(grants.Owner), password)
	_, err = apply.Migrator{DatabaseURL: address.String(), Roles: roleNames()}.Up(ctx)
	return err
}
