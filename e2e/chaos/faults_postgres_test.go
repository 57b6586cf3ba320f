package chaos_test

import (
	"context"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// sessions selects the sessions of the services.
const sessions = `FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'longshore-%'`

// postgresFaults crash, stop and obstruct Postgres itself.
func postgresFaults() []*fault {
	return []*fault{
		{name: "Postgres killed (SIGKILL)", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() {
			c.must(server.Kill())
			return c.restartPostgres
		}},
		{name: "Postgres stopped at once (SIGQUIT)", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() {
			c.must(syscall.Kill(server.Pid(), syscall.SIGQUIT))
			<-server.Done()
			return c.restartPostgres
		}},
		{name: "Postgres restarted", begin: func(c *chaos, _ *rand.Rand) func() {
			c.must(server.Stop())
			c.restartPostgres()
			return nothing
		}},
		{name: "a backend of Postgres killed", survivable: true, begin: func(c *chaos, _ *rand.Rand) func() {
			var pid int
			if c.row(&pid, `SELECT pid `+sessions+` ORDER BY random() LIMIT 1`) {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended meanwhile
			}
			return nothing
		}},
		{name: "all sessions terminated", survivable: true, begin: func(c *chaos, _ *rand.Rand) func() {
			c.exec(`SELECT pg_terminate_backend(pid) ` + sessions)
			return nothing
		}},
		{name: "random sessions terminated", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() {
			return c.repeat(200*time.Millisecond, func(*rand.Rand) {
				c.exec(`SELECT pg_terminate_backend(pid) FROM (SELECT pid ` + sessions + ` ORDER BY random() LIMIT 1) AS victim`)
			})
		}},
		{name: "statements cancelled", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() {
			return c.repeat(30*time.Millisecond, func(*rand.Rand) {
				c.exec(`SELECT pg_cancel_backend(pid) FROM (SELECT pid ` + sessions + ` AND state = 'active' ORDER BY random() LIMIT 1) AS victim`)
			})
		}},
		{name: "statement_timeout and asynchronous commit set for the role", lasts: outage, begin: func(c *chaos, _ *rand.Rand) func() {
			c.exec(`ALTER ROLE CURRENT_USER SET statement_timeout = '20ms'`)
			c.exec(`ALTER ROLE CURRENT_USER SET synchronous_commit = off`)
			c.exec(`SELECT pg_terminate_backend(pid) ` + sessions)
			return func() { c.exec(`ALTER ROLE CURRENT_USER RESET ALL`) }
		}},
		{name: "max_connections exhausted", lasts: outage, begin: exhaustConnections},
		{name: "collection's table locked", lasts: outage, begin: lock("xforce.tools")},
		{name: "table of operations locked", lasts: outage, begin: lock("xforce.tasks")},
	}
}

// restartPostgres starts Postgres if it does not run, and ends the test's own broken connections.
func (c *chaos) restartPostgres() {
	select {
	case <-server.Done():
		c.must(server.Restart(context.WithoutCancel(c.t.Context())))
	default:
	}
	c.s.DB().Reset()
}

func (c *chaos) must(err error) {
	if err != nil {
		c.t.Error(err)
	}
}

// exec runs a statement directly on Postgres. When it is away, because of another fault, nothing
// happens.
func (c *chaos) exec(sql string) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	_, _ = c.s.DB().Exec(ctx, sql)
}

// row reads one value directly from Postgres, and reports false when it is away.
func (c *chaos) row(value any, sql string) bool {
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	return c.s.DB().QueryRow(ctx, sql).Scan(value) == nil
}

// exhaustConnections ends the services' sessions and takes all free connections.
func exhaustConnections(c *chaos, _ *rand.Rand) func() {
	var taken []*pgx.Conn
	take := func() {
		for {
			ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
			conn, err := pgx.Connect(ctx, server.URL())
			cancel()
			if err != nil {
				return
			}
			taken = append(taken, conn)
		}
	}
	take()
	c.exec(`SELECT pg_terminate_backend(pid) ` + sessions)
	take()
	return func() {
		for _, conn := range taken {
			_ = conn.Close(context.WithoutCancel(c.t.Context()))
		}
	}
}

// lock locks a table against all access, as a careless ALTER TABLE does.
func lock(table string) func(*chaos, *rand.Rand) func() {
	return func(c *chaos, _ *rand.Rand) func() {
		ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
		defer cancel()
		conn, err := pgx.Connect(ctx, c.s.DB().Config().ConnString())
		if err != nil {
			return nothing
		}
		_, _ = conn.Exec(ctx, `BEGIN; LOCK TABLE `+table)
		return func() { _ = conn.Close(context.WithoutCancel(c.t.Context())) }
	}
}
