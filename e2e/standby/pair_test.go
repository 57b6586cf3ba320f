package standby_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/deploy/local/postgres"
	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
)

// serverLimit is the maximum time until servers have followed, connected or changed a setting.
const serverLimit = 30 * time.Second

// pair is two servers of Postgres that change their roles.
type pair struct {
	primary, standby *postgres.Server
}

// startPair starts a primary and a standby that follows it.
func startPair(ctx context.Context) (p *pair, err error) {
	p = &pair{}
	for _, server := range []**postgres.Server{&p.primary, &p.standby} {
		if *server, err = postgres.Start(ctx, postgres.Options{}); err != nil {
			return nil, errors.Join(err, p.remove())
		}
	}
	if err := errors.Join(p.standby.Stop(), p.standby.Follow(ctx, p.primary)); err != nil {
		return nil, errors.Join(err, p.remove())
	}
	return p, nil
}

func (p *pair) remove() (err error) {
	for _, server := range []*postgres.Server{p.primary, p.standby} {
		if server != nil {
			err = errors.Join(err, server.Remove())
		}
	}
	return err
}

// url returns the address of both servers, which leads to the one that accepts changes.
func (p *pair) url() string {
	address, err := url.Parse(p.primary.URL())
	if err != nil {
		panic(err) // this project wrote it
	}
	address.Host += fmt.Sprintf(",127.0.0.1:%d", p.standby.Port())
	query := address.Query()
	query.Set("target_session_attrs", "read-write")
	query.Set("connect_timeout", "2") // of the tests' connections; the services have a timeout of their own
	address.RawQuery = query.Encode()
	return address.String()
}

// databaseOn returns the address of a stack's database on one server.
func databaseOn(server *postgres.Server, s *stack.Stack) string {
	return strings.Replace(server.URL(), "/"+postgres.Name+"?", "/"+s.DB().Config().ConnConfig.Database+"?", 1)
}

// confirm lets the standby confirm every commit of the primary, or none.
func (p *pair) confirm(t *testing.T, synchronous bool) {
	t.Helper()
	names, state := "", "async"
	if synchronous {
		names, state = "*", "sync"
	}
	execute(t, p.primary, "ALTER SYSTEM SET synchronous_standby_names = '"+names+"'")
	execute(t, p.primary, "SELECT pg_reload_conf()")
	await.Until(t, serverLimit, "the standby to be "+state, func() bool {
		return ask(t, p.primary, "SELECT coalesce(min(sync_state), '') FROM pg_stat_replication") == state
	})
}

// separate stops the replication, so that the standby lacks what changes from then on.
func (p *pair) separate(t *testing.T) {
	t.Helper()
	execute(t, p.standby, "ALTER SYSTEM SET primary_conninfo = ''")
	execute(t, p.standby, "SELECT pg_reload_conf()")
	await.Until(t, serverLimit, "the replication to end", func() bool {
		return ask(t, p.primary, "SELECT count(*)::text FROM pg_stat_replication") == "0"
	})
}

// promote lets the standby accept changes. The servers have changed their roles afterwards.
func (p *pair) promote(t *testing.T) {
	t.Helper()
	execute(t, p.standby, "SELECT pg_promote()")
	p.primary, p.standby = p.standby, p.primary
}

// rejoin lets the server that was the primary follow the new one. It must have ended.
func (p *pair) rejoin(t *testing.T) {
	t.Helper()
	if err := p.standby.Follow(t.Context(), p.primary); err != nil {
		t.Fatal(err)
	}
}

// kill ends a server and its sessions, as if its machine had lost power.
func kill(t *testing.T, server *postgres.Server) {
	t.Helper()
	signal(t, server, syscall.SIGKILL)
	<-server.Done()
}

// signal sends a signal to all processes of a server.
func signal(t *testing.T, server *postgres.Server, signal syscall.Signal) {
	t.Helper()
	pid := server.Pid()
	list, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range append([]string{strconv.Itoa(pid)}, strings.Fields(string(list))...) {
		id, err := strconv.Atoi(process)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(id, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatalf("sending %v to a process of Postgres: %v", signal, err)
		}
	}
}

func execute(t *testing.T, server *postgres.Server, sql string) {
	t.Helper()
	conn := connect(t, server.URL())
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(uncancelled(t), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// ask runs a query that returns one text.
func ask(t *testing.T, server *postgres.Server, sql string) (answer string) {
	t.Helper()
	conn := connect(t, server.URL())
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(uncancelled(t), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(uncancelled(t), address)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// uncancelled returns a context that cleanups can use too.
func uncancelled(t *testing.T) context.Context { t.Helper(); return context.WithoutCancel(t.Context()) }
