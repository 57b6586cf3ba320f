package roles_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/deploy/local/debian"
	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/storetest"
)

func TestMain(m *testing.M) { os.Exit(programstest.Main(m)) }

// rolesFile is the file that administrators run.
const rolesFile = "../../deploy/postgres/roles.sql"

// installation is a database with roles of its own.
type installation struct {
	database string // as superuser
	roles    map[grants.Role]string
	conn     *pgx.Conn
	// others are further roles, which are dropped last.
	others []string
}

// newInstallation creates a database and chooses names for its roles, which are dropped when the test
// ends.
func newInstallation(t *testing.T) *installation {
	t.Helper()
	database := storetest.NewEmptyDatabase(t)
	i := &installation{database: database, conn: storetest.Connect(t, database), roles: make(map[grants.Role]string)}
	for _, role := range append(grants.Roles(), grants.Owner) {
		i.roles[role] = i.name(t) + "_" + string(role)
	}
	t.Cleanup(func() {
		for _, name := range slices.Concat(slices.Collect(maps.Values(i.roles)), i.others) {
			i.drop(t, name)
		}
	})
	return i
}

// name returns the name of the database.
func (i *installation) name(t *testing.T) string {
	t.Helper()
	return strings.TrimPrefix(parse(t, i.database).Path, "/")
}

// other creates a further role with the options, and returns its name and the address of the database for
// it.
func (i *installation) other(t *testing.T, purpose, options string) (name, address string) {
	t.Helper()
	name = i.name(t) + "_" + purpose
	storetest.Exec(t, i.conn, fmt.Sprintf("CREATE ROLE %s LOGIN %s PASSWORD 'secret'", name, options))
	i.others = append(i.others, name)
	return name, login(t, i.database, name)
}

// drop drops a role and what it has in the database.
func (i *installation) drop(t *testing.T, role string) {
	t.Helper()
	for _, statement := range []string{"REASSIGN OWNED BY " + role + " TO CURRENT_USER", "DROP OWNED BY " + role, "DROP ROLE " + role} {
		if _, err := i.conn.Exec(context.Background(), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// names returns the variables with the names of the roles.
func (i *installation) names() []string {
	var names []string
	for role, name := range i.roles {
		names = append(names, role.Variable()+"="+name)
	}
	return names
}

// runFile runs the file of roles as the administrator at the address.
func (i *installation) runFile(t *testing.T, administrator string) {
	t.Helper()
	requirePsql(t)
	command := exec.CommandContext(t.Context(), "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", rolesFile, administrator)
	command.Env = append(os.Environ(), i.names()...)
	for role := range i.roles {
		command.Env = append(command.Env, fmt.Sprintf("LONGSHORE_%s_PASSWORD=secret", strings.ToUpper(string(role))))
	}
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("psql -f %s: %v\n%s", rolesFile, err, output)
	}
}

// as returns the address of the database for one of the roles.
func (i *installation) as(t *testing.T, role grants.Role) string {
	t.Helper()
	return login(t, i.database, i.roles[role])
}

func login(t *testing.T, database, role string) string {
	t.Helper()
	address := parse(t, database)
	address.User = url.UserPassword(role, "secret")
	return address.String()
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// requirePsql installs psql if it is missing.
func requirePsql(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("psql"); err == nil {
		return
	}
	if !debian.CanInstall() {
		t.Fatal("psql is not installed: as root on Debian the test installs it")
	}
	if err := debian.Install(t.Context(), "postgresql-client"); err != nil {
		t.Fatal(err)
	}
}
