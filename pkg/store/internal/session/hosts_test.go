package session_test

import (
	"context"
	"net"
	"net/url"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/pgproxy"
	"github.com/longshore-io/longshore/pkg/store/internal/session"
)

// TestSeveralHosts: an address with a dead host first leads to the one that accepts writes.
func TestSeveralHosts(t *testing.T) {
	t.Parallel()
	pool := open(t, behind(t, "127.0.0.1:1", newDatabase(t)), session.Options{})
	var recovering bool
	if err := pool.QueryRow(t.Context(), "SELECT pg_is_in_recovery()").Scan(&recovering); err != nil || recovering {
		t.Errorf("a statement = %v (%v), want an answer of a server that accepts writes", recovering, err)
	}
}

// TestOtherHostIsLeftAlone: once a connection worked, neither new connections nor the questions of the
// watchdog lead to a host before it that does not answer.
func TestOtherHostIsLeftAlone(t *testing.T) {
	t.Parallel()
	var tried atomic.Int32
	dead := listen(t, func(conn net.Conn) {
		tried.Add(1)
		_ = conn.Close()
	})
	pool := open(t, behind(t, dead, newDatabase(t)), session.Options{MaxConns: 5})
	before := tried.Load()
	if before == 0 {
		t.Fatal("the first host was not tried, want that the first connection tries it")
	}
	useAll(t, pool, 5) // new connections, and statements that the watchdog asks about
	if after := tried.Load(); after != before {
		t.Errorf("the first host was tried %d times more, want none", after-before)
	}
}

// TestReadOnlyServerIsLeft: after an error of a server that accepts no changes, the next statement has
// a new connection.
func TestReadOnlyServerIsLeft(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(context.Context, *session.Pool) error{
		"transaction": func(ctx context.Context, pool *session.Pool) error {
			return pool.InTx(ctx, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "CREATE TABLE changed ()")
				return err
			})
		},
		"statement": func(ctx context.Context, pool *session.Pool) error {
			_, err := pool.Exec(ctx, "CREATE TABLE changed ()")
			return err
		},
		"query": func(ctx context.Context, pool *session.Pool) error {
			rows, err := pool.Query(ctx, "CREATE TABLE changed ()")
			if err != nil {
				return err
			}
			rows.Close()
			return rows.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := pgproxy.StartPostgres(t, newDatabase(t), 1)
			pool := open(t, proxy.URL(), session.Options{MaxConns: 1})
			before := backend(t, pool)
			proxy.Inject(pgproxy.Fault{Statement: regexp.MustCompile("CREATE TABLE changed"), Action: pgproxy.Fail, SQLState: "25006", Times: 1})
			if err := change(t.Context(), pool); err == nil {
				t.Fatal("the change succeeded, want an error")
			}
			if after := backend(t, pool); after == before {
				t.Errorf("the next statement has session %d again, want another one", after)
			}
		})
	}
}

func backend(t *testing.T, pool *session.Pool) (pid int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// listen calls accept for each connection to the returned address, until the test ends.
func listen(t *testing.T, accept func(net.Conn)) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			accept(conn)
		}
	}()
	return listener.Addr().String()
}

// behind returns the address of a database with another host before its own.
func behind(t *testing.T, first, databaseURL string) string {
	t.Helper()
	address, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	address.Host = first + "," + address.Host
	address.RawQuery = "sslmode=disable&target_session_attrs=read-write"
	return address.String()
}
