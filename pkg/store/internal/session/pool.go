// Package session opens the sessions of a service in Postgres and bounds every wait on them. It
// sends the settings that Longshore's promises rest on at the beginning of each transaction, so
// that neither a role's own settings nor a pooler changes them, and ends sessions that went silent.
package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/pkg/tracing"
)

const (
	// connectTimeout bounds the opening of a connection to each host of the address.
	connectTimeout = 5 * time.Second
	// pingTimeout bounds the ping of a connection that was idle, before it is used again.
	pingTimeout = 2 * time.Second
	// idleBeforePing is how long a connection may be idle before it is pinged.
	idleBeforePing = time.Second
	// statementTimeout bounds a single statement outside of a transaction, including the wait for a
	// connection. None of them reads or changes more than a batch of rows.
	statementTimeout = 20 * time.Second
	// cleanupTimeout is how long the driver may take to close a connection, in which it asks the
	// server to cancel a running statement.
	cleanupTimeout = 2 * time.Second
	// closeTimeout is how long Close waits for the connections that are in use.
	closeTimeout = time.Second
)

// Options configure the sessions.
type Options struct {
	// Application is the name of the sessions in pg_stat_activity.
	Application string
	// MaxConns limits the connections; 0 uses the driver's default.
	MaxConns int
	// FrozenAfter is when Postgres ends a session whose client froze between two statements of a
	// transaction, or while it received a result. In the latter case only TCP connections are
	// covered, since no timeout of Postgres itself applies. 0 means never.
	FrozenAfter time.Duration
	// Statement is the statement_timeout; 0 means none, whatever the role's own setting is.
	Statement time.Duration
	// Pooler says that a pooler in transaction mode is between the service and Postgres: statements
	// are not named, and no session is kept.
	Pooler bool
	// DirectURL is the address of Postgres itself behind a pooler, over which the watchdog asks;
	// empty uses the pooler.
	DirectURL string
	// Silence is how long a connection may give no sign before the server is asked what its session
	// does; 0 means 3 s.
	Silence time.Duration
	// Log receives a message for each session that is ended because it is silent; nil discards them.
	Log *slog.Logger
	// Tenants returns the tenants of a context, for the policies of row-level security; nil if the service
	// acts for all tenants. Their names contain no quotes, commas, braces or backslashes. Every transaction
	// and read begins with the setting longshore.tenants.
	Tenants func(context.Context) []string
	// Tracer records statements as a part of traces; nil does not.
	Tracer *tracing.Tracer
}

// Pool is a pool of sessions. It is safe for concurrent use.
type Pool struct {
	pool  *pgxpool.Pool
	opts  Options
	conns connections
	hosts hosts
	// asking is the configuration of the watchdog's connections.
	asking *pgx.ConnConfig
	// stop ends the watchdog.
	stop context.CancelFunc
	wait sync.WaitGroup
}

// Open opens a pool for the database at the address. It fails if the database does not answer.
func Open(ctx context.Context, databaseURL string, opts Options) (*Pool, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	opts.Silence = cmp.Or(opts.Silence, defaultSilence)
	p := &Pool{opts: opts}
	config, err := p.config(databaseURL)
	if err != nil {
		return nil, err
	}
	if p.asking, err = p.configOfWatchdog(config.ConnConfig); err != nil {
		return nil, err
	}
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("opening the connection pool: %w", err)
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	p.wait.Go(func() { p.watch(watching) })
	if err := p.start(ctx); err != nil {
		p.Close()
		return nil, opts.explain(err)
	}
	return p, nil
}

// start checks that the database answers, and that the sessions are as the options say.
func (p *Pool) start(ctx context.Context) error {
	if err := p.Ping(ctx); err != nil {
		return fmt.Errorf("reaching Postgres: %w", err)
	}
	if !p.opts.Pooler {
		if err := p.detectPooler(ctx); err != nil {
			return fmt.Errorf("looking for a pooler: %w", err)
		}
	}
	if err := p.verify(ctx); err != nil {
		return fmt.Errorf("checking the settings of the sessions: %w", err)
	}
	return nil
}

func (p *Pool) config(databaseURL string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("reading DATABASE_URL: %w", err)
	}
	// Poolers refuse other parameters.
	config.ConnConfig.RuntimeParams["timezone"] = "UTC" // the columns are TIMESTAMP without a time zone
	config.ConnConfig.RuntimeParams["application_name"] = p.opts.Application
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.DialFunc = p.conns.dial
	config.ConnConfig.LookupFunc = p.hosts.lookup
	config.BeforeConnect = p.hosts.preferLast
	config.ConnConfig.OnNotice = keepAnnouncement
	if p.opts.Tracer != nil {
		config.ConnConfig.Tracer = newStatementTracer(p.opts.Tracer)
	}
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false } // p.prepare pings
	config.PrepareConn = p.prepare
	config.BeforeClose = closeSoon
	config.AfterConnect = p.opened
	if p.opts.Pooler {
		// It describes a statement in one message and runs it in another, with its text in both, so
		// that each may reach another session.
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	if p.opts.MaxConns > 0 {
		config.MaxConns = int32(min(p.opts.MaxConns, 1000))
	}
	return config, nil
}

// opened records the key of a new session. The process id that the server gave at the start is not
// used: that of a pooler which keeps one session for each client is made up.
func (p *Pool) opened(ctx context.Context, conn *pgx.Conn) error {
	c := connectionOf(conn)
	if c != nil {
		p.hosts.worked(c)
	}
	switch {
	case c == nil:
		return nil
	case p.opts.Pooler:
		c.opened(newKey())
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	pid, err := backendOf(ctx, conn)
	if err != nil {
		return fmt.Errorf("identifying the session: %w", err)
	}
	c.opened(pid)
	return nil
}

// Ping checks that the database answers.
func (p *Pool) Ping(ctx context.Context) error { return p.pool.Ping(ctx) }

// Stat returns the statistics of the pool.
func (p *Pool) Stat() *pgxpool.Stat { return p.pool.Stat() }

// Close closes every connection. It waits for those that are in use, at most for closeTimeout: then
// it closes them too, and their users get an error.
func (p *Pool) Close() {
	p.stop()
	p.wait.Wait()
	closed := make(chan struct{})
	go func() { p.pool.Close(); close(closed) }()
	select {
	case <-closed:
		return
	case <-time.After(closeTimeout):
	}
	p.conns.closeAll()
	select {
	case <-closed:
	case <-time.After(closeTimeout): // a user that does not notice must not keep the process
	}
}

// acquire returns a connection for one transaction or statement.
func (p *Pool) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("waiting for a connection to Postgres: %w", err)
	}
	return conn, nil
}

// prepare pings a connection that was idle before it is used again. If it is broken, so are probably
// all that were idle, and each of them would cost a timeout: they are replaced together.
func (p *Pool) prepare(ctx context.Context, conn *pgx.Conn) (bool, error) {
	if c := connectionOf(conn); c != nil && c.idle() < idleBeforePing {
		return true, nil
	}
	pinging, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	err := conn.Ping(pinging)
	if err != nil && ctx.Err() == nil {
		p.pool.Reset()
	}
	return err == nil, ctx.Err()
}

// closeSoon closes the network connection of a session that the driver is about to close. The driver
// says goodbye and waits for the server; a silent server must not occupy a place in the pool for so
// long.
func closeSoon(conn *pgx.Conn) {
	if c := connectionOf(conn); c != nil {
		time.AfterFunc(cleanupTimeout, func() { _ = c.Close() })
	}
}

// InTx runs work in one transaction and commits if work returns nil.
func (p *Pool) InTx(ctx context.Context, work func(pgx.Tx) error) error {
	conn, err := p.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	begin := "begin isolation level read committed read write; " + p.settings(conn.Conn())
	if p.opts.Tenants != nil {
		begin += ", set_config('" + tenantsSetting + "', '" + p.opts.tenants(ctx) + "', true)"
	}
	err = withAnnouncement(conn.Conn(), pgx.BeginTxFunc(ctx, conn.Conn(), pgx.TxOptions{BeginQuery: begin}, work))
	p.leaveIfReadOnly(err)
	return err
}

// readOnly is the SQLSTATE of a change on a server that accepts none.
const readOnly = "25006"

// leaveIfReadOnly closes all connections once they are not in use if an error says that they lead to a
// server that has become a standby or read-only. New ones find the server that accepts changes.
func (p *Pool) leaveIfReadOnly(err error) {
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); ok && fromServer.Code == readOnly {
		p.pool.Reset()
	}
}

// settings returns the statement that applies the settings to the current transaction.
func (p *Pool) settings(conn *pgx.Conn) string {
	settings := p.opts.settings(conn.PgConn().ParameterStatus("server_version"))
	if c := connectionOf(conn); c != nil && p.opts.Pooler {
		settings += ", " + lockCall(c.key.Load())
	}
	return settings
}
