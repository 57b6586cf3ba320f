package roles_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestRolesFile creates the roles, twice, in a new database, and migrates it, twice, as the owner, who can
// create in the schema xforce only.
func TestRolesFile(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	storetest.Exec(t, i.conn, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	for range 2 {
		i.runFile(t, i.database)
		i.migrate(t)
		i.expectRights(t)
	}
	const powerful = `
SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1) AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)`
	var names []string
	for _, name := range i.roles {
		names = append(names, name)
	}
	if n := storetest.Number(t, i.conn, powerful, names); n > 0 {
		t.Errorf("%d of the roles have more power than to log in, want none", n)
	}
}

// TestRolesFileByOrdinaryAdministrator: managed servers have no superuser for customers.
func TestRolesFileByOrdinaryAdministrator(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	administrator, address := i.other(t, "administrator", "CREATEROLE")
	storetest.Exec(t, i.conn, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", i.name(t), administrator))
	i.runFile(t, address)
	i.migrate(t)
	i.expectRights(t)
}

// TestUpgradeFromOneRole: an installation whose programs share one role changes to four. The old role
// goes on working until the programs have changed.
func TestUpgradeFromOneRole(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	old, oldAddress := i.other(t, "old", "")
	storetest.Exec(t, i.conn, fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", i.name(t), old))
	storetest.Exec(t, i.conn, "GRANT CREATE ON SCHEMA public TO "+old)
	stack.Run(t, "migrate", []string{"DATABASE_URL=" + oldAddress})
	storetest.Exec(t, i.conn, "ALTER TABLE xforce.longshore_migrations SET SCHEMA public") // as before it moved

	i.runFile(t, i.database)
	i.migrate(t)
	i.expectRights(t)
	for _, role := range []grants.Role{grants.API, grants.Worker} {
		storetest.Open(t, oldAddress, store.Options{Schema: migrations.Latest(), Role: role})
	}
}

// migrate runs migrate as the owner.
func (i *installation) migrate(t *testing.T) {
	t.Helper()
	output := stack.Run(t, "migrate", append(i.grantees(), "DATABASE_URL="+i.as(t, grants.Owner)))
	for _, role := range grants.Roles() {
		if want := fmt.Sprintf("granted the rights of the %s to %s", role, i.roles[role]); !strings.Contains(output, want) {
			t.Errorf("output of migrate = %s, want %q in it", output, want)
		}
	}
}

// grantees returns the variables of migrate with the roles that get rights.
func (i *installation) grantees() []string {
	var names []string
	for _, role := range grants.Roles() {
		names = append(names, role.Variable()+"="+i.roles[role])
	}
	return names
}

// expectRights expects each role to have what the programs check when they start.
func (i *installation) expectRights(t *testing.T) {
	t.Helper()
	for _, role := range grants.Roles() {
		storetest.Open(t, i.as(t, role), store.Options{Schema: migrations.Latest(), Role: role}).Close()
	}
}

// TestStartWithoutRights: a service whose role lacks a right does not start, and names the right.
func TestStartWithoutRights(t *testing.T) {
	t.Parallel()
	database := storetest.NewDatabase(t)
	conn := storetest.Connect(t, database)
	for _, role := range []grants.Role{grants.API, grants.Worker} {
		storetest.Exec(t, conn, "REVOKE UPDATE ON xforce.tasks FROM "+storetest.RoleName(role))
	}
	for service, role := range map[string]grants.Role{
		"api": grants.API, "importer": grants.Worker, "searcher": grants.Worker, "reporter": grants.Worker, "janitor": grants.Worker,
	} {
		t.Run(service, func(t *testing.T) {
			output := stack.MustNotStart(t, service, []string{
				"DATABASE_URL=" + storetest.As(t, database, role), "REDIS_URL=redis://127.0.0.1:1/0", "LONGSHORE_ADDR=127.0.0.1:0",
			})
			want := fmt.Sprintf("the database role %s lacks UPDATE ON xforce.tasks", storetest.RoleName(role))
			if !strings.Contains(output, want) {
				t.Errorf("output = %s, want %q in it", output, want)
			}
		})
	}
}
