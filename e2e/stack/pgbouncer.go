package stack

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/debian"
	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// PoolerVariable is an environment variable that, unless empty, lets the services of every stack reach Postgres through a PgBouncer
// of their own in transaction mode.
const PoolerVariable = "LONGSHORE_TEST_POOLER"

// poolerSessions is the number of sessions of such a PgBouncer.
const poolerSessions = 20

// poolerConfig is a PgBouncer's configuration as an installation has it, apart from the trust in all
// users. %[1]s is the Postgres, %[2]d the port, %[3]d the number of sessions, %[4]s the folder.
const poolerConfig = `[databases]
* = %[1]s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %[2]d
unix_socket_dir =
auth_type = trust
auth_file = %[4]s/users
pool_mode = transaction
default_pool_size = %[3]d
max_client_conn = 500
`

// StartPgBouncer starts Debian's PgBouncer in transaction mode for the database at the address, until
// the end of the test, and returns the address that leads through it. Without a PgBouncer, root
// installs it and others fail the test.
func StartPgBouncer(tb testing.TB, databaseURL string, sessions int) string {
	tb.Helper()
	requirePgBouncer(tb)
	address, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatal(err)
	}
	folder, port := tb.TempDir(), freePort(tb)
	target := fmt.Sprintf("host=%s port=%s", address.Hostname(), address.Port())
	config := filepath.Join(folder, "pgbouncer.ini")
	for path, content := range map[string]string{
		config:                         fmt.Sprintf(poolerConfig, target, port, sessions, folder),
		filepath.Join(folder, "users"): poolerUsers(tb, databaseURL),
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // another account reads it
			tb.Fatal(err)
		}
	}
	args := []string{pgbouncer, config}
	if os.Geteuid() == 0 {
		args = []string{pgbouncer, "-u", "nobody", config}
		openTo(tb, folder)
	}
	log := &logBuffer{}
	child, err := process.Start(process.Command{Args: args, Stdout: log})
	if err != nil {
		tb.Fatalf("starting PgBouncer: %v", err)
	}
	tb.Cleanup(func() { _ = child.Kill() })
	address.Host = net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
	await.Until(tb, startLimit, "PgBouncer to listen", func() bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(tb.Context(), "tcp", address.Host)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return address.String()
}

// poolerUsers returns PgBouncer's list of the roles that may use it, with their passwords in Postgres.
func poolerUsers(tb testing.TB, databaseURL string) string {
	tb.Helper()
	var list strings.Builder
	for _, login := range []string{databaseURL, storetest.As(tb, databaseURL, grants.API), storetest.As(tb, databaseURL, grants.Worker)} {
		address, err := url.Parse(login)
		if err != nil {
			tb.Fatal(err)
		}
		password, _ := address.User.Password()
		fmt.Fprintf(&list, "%q %q\n", address.User.Username(), password)
	}
	return list.String()
}

// openTo lets other accounts read a folder of a test.
func openTo(tb testing.TB, folder string) {
	tb.Helper()
	for _, path := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(path, 0o755); err != nil { //nolint:gosec // it contains no secret
			tb.Fatal(err)
		}
	}
}

// pgbouncer is the path of the program in Debian's package.
const pgbouncer = "/usr/sbin/pgbouncer"

// requirePgBouncer installs the program, if it is missing.
func requirePgBouncer(tb testing.TB) {
	tb.Helper()
	if _, err := os.Stat(pgbouncer); err == nil {
		return
	}
	if !debian.CanInstall() {
		tb.Fatal("PgBouncer is not installed: as root on Debian the test installs it")
	}
	if err := debian.Install(tb.Context(), "pgbouncer"); err != nil {
		tb.Fatal(err)
	}
}
