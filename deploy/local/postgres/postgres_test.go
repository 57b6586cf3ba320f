package postgres_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/postgres"
)

func start(t *testing.T, o postgres.Options) *postgres.Server {
	t.Helper()
	server, err := postgres.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Remove() })
	return server
}

func query(t *testing.T, server *postgres.Server, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var value string
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func TestStart(t *testing.T) {
	t.Parallel()
	server := start(t, postgres.Options{Params: map[string]string{"max_connections": "17"}})
	for sql, want := range map[string]string{
		"SELECT current_database()": "longshore",
		"SHOW max_connections":      "17",
		"SHOW max_wal_size":         "4GB",
		"SHOW fsync":                "on",
		"SHOW synchronous_commit":   "on",
		"SHOW server_encoding":      "UTF8",
		"SHOW listen_addresses":     "127.0.0.1",
		"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user": "true",
	} {
		if got := query(t, server, sql); got != want {
			t.Errorf("%s = %q, want %q", sql, got, want)
		}
	}
	info, err := os.Stat(filepath.Join(server.Folder(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid == 0 {
		t.Error("owner of the data = root, want an unprivileged user")
	}
	if mode := info.Mode().Perm(); mode != 0o700 {
		t.Errorf("mode of the data = %v, want 0700", mode)
	}
}

func execute(t *testing.T, server *postgres.Server, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// TestRestart checks that the server keeps its address and data after a crash, which leaves a pid file
// and sessions of the killed server.
func TestRestart(t *testing.T) {
	t.Parallel()
	server := start(t, postgres.Options{})
	before, pid := server.URL(), server.Pid()
	execute(t, server, "CREATE TABLE kept AS SELECT 1 AS v")
	for name, end := range map[string]func() error{
		"Kill": server.Kill,
		"Stop": server.Stop,
		// The pid in a stale file may be that of another process, which must not be stopped.
		"Stop with a reused pid": func() error { return errors.Join(server.Stop(), leavePidFile(server)) },
	} {
		if err := end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := server.Restart(t.Context()); err != nil {
			t.Fatalf("Restart after %s: %v", name, err)
		}
		if got := query(t, server, "SELECT v::text FROM kept"); got != "1" {
			t.Errorf("value after %s = %q, want 1", name, got)
		}
	}
	if server.URL() != before || server.Pid() == pid {
		t.Errorf("server after the restarts = %s (process %d), want %s, and another process than %d", server.URL(), server.Pid(), before, pid)
	}
}

func leavePidFile(server *postgres.Server) error {
	content := strconv.Itoa(os.Getppid()) + "\n" + strings.Repeat("x\n", 6) + "ready\n"
	return os.WriteFile(filepath.Join(server.Folder(), "data", "postmaster.pid"), []byte(content), 0o600)
}

func TestStartStopsTheServerOfAKilledLauncher(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "postgres")
	t.Cleanup(func() { _ = datadir.RemoveServerDir(folder) }) // for root it is a link
	old := start(t, postgres.Options{Folder: folder})
	next := start(t, postgres.Options{Folder: folder})
	<-old.Done()
	if err := old.Err(); err != nil {
		t.Errorf("end of the old server = %v, want a graceful shutdown", err)
	}
	if got := query(t, next, "SELECT 'up'"); got != "up" {
		t.Errorf("query at the new server = %q, want up", got)
	}
}

func TestStartReturnsTheLog(t *testing.T) {
	t.Parallel()
	_, err := postgres.Start(t.Context(), postgres.Options{Params: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("Start() = %v, want an error that names the setting", err)
	}
}
