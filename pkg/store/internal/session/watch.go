package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// defaultSilence is the default of Options.Silence. The connections are checked six times in it.
	defaultSilence  = 3 * time.Second
	checksInSilence = 6
	// askTimeout bounds a question. A server that does not answer a new connection is unreachable.
	askTimeout = 3 * time.Second
	// maxUnknown is for how many silences a connection may give no sign while it is not known what
	// its session does: because the server did not answer the question, or because all sessions of
	// a pooler are in use.
	maxUnknown = 3
)

// watch ends the connections whose user waits for an answer that will not come. A server whose
// machine has vanished, or a proxy that has stopped to forward, sends nothing, and no timeout of
// Postgres applies. A statement that runs for long, or waits for a lock, sends nothing either: so
// the watchdog asks the server over another connection what the session does.
func (p *Pool) watch(ctx context.Context) {
	tick := time.NewTicker(p.opts.Silence / checksInSilence)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			var checks sync.WaitGroup
			for server, waiting := range p.waiting() {
				checks.Go(func() { p.check(ctx, server, waiting) })
			}
			checks.Wait()
		}
	}
}

// waiting returns the connections that have given no sign for too long, by their server. Those that
// are not open yet have a timeout of their own.
func (p *Pool) waiting() map[host][]*connection {
	waiting := make(map[host][]*connection)
	for _, c := range p.conns.all() {
		if c.key.Load() != 0 && c.waits() > p.opts.Silence {
			server := p.hosts.of(c)
			waiting[server] = append(waiting[server], c)
		}
	}
	return waiting
}

// check asks their server for the connections and ends those whose session does nothing for them, and the
// sessions too: otherwise their locks would stay until Postgres notices.
func (p *Pool) check(ctx context.Context, server host, waiting []*connection) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, p.askConfig(server))
	var views map[uint32]view
	if err == nil {
		defer func() { _ = conn.Close(ctx) }() // the answer is there
		views, err = p.ask(ctx, conn, waiting)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	if _, refused := errors.AsType[*pgconn.PgError](err); refused {
		return // Postgres answers, but does not say what its sessions do
	}
	var lostSessions []int32
	for _, c := range waiting {
		seen, found := views[c.key.Load()]
		seen.since = c.since.Load()
		// What two checks see alike is not the moment before an answer.
		lost := !seen.runs && seen == c.seen
		if err != nil || p.opts.Pooler && !found {
			lost = lost && c.waits() > maxUnknown*p.opts.Silence
		}
		if lost {
			p.opts.Log.WarnContext(ctx, "closed a connection to Postgres that does not answer",
				slog.Duration("silent", c.waits()), slog.String("state", seen.state), slog.Any("error", err))
			c.endSilent()
			if found {
				lostSessions = append(lostSessions, seen.pid)
			}
		}
		c.seen = seen
	}
	if len(lostSessions) > 0 {
		// After an error their own timeouts end them, which takes longer.
		_, _ = conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", pgx.QueryExecModeExec, lostSessions)
	}
}

// view is what the server says about a session; zero if the session does not exist.
type view struct {
	// pid is the process id of the session.
	pid int32
	// runs reports whether the session executes a statement or waits for a lock.
	runs  bool
	state string
	// changed is when the state changed last, as text.
	changed string
	// since is connection.since at that moment.
	since int64
}

// A session that reads from its client or writes to it, while its client does the same, has lost the
// connection.
const (
	sessionsByPID = `
SELECT pid::bigint, ` + viewColumns + `
FROM pg_stat_activity a WHERE pid = ANY ($1)`
	sessionsByLock = `
SELECT l.objid::bigint, ` + viewColumns + `
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid::bigint = $2 AND l.objid::bigint = ANY ($1)`
	viewColumns = `a.pid, coalesce(state = 'active' AND wait_event_type IS DISTINCT FROM 'Client', true),
  coalesce(state, ''), coalesce(state_change::text, '')`
)

// ask returns what the server says about the sessions of the connections, by key.
func (p *Pool) ask(ctx context.Context, conn *pgx.Conn, waiting []*connection) (map[uint32]view, error) {
	keys := make([]int64, len(waiting))
	for i, c := range waiting {
		keys[i] = int64(c.key.Load())
	}
	sql, args := sessionsByPID, []any{pgx.QueryExecModeExec, keys}
	if p.opts.Pooler {
		sql, args = sessionsByLock, append(args, int64(sessionLock))
	}
	rows, err := conn.Query(ctx, sql, args...) //nolint:rowserrcheck // ForEachRow does
	if err != nil {
		return nil, err
	}
	views := make(map[uint32]view)
	var key int64
	var seen view
	_, err = pgx.ForEachRow(rows, []any{&key, &seen.pid, &seen.runs, &seen.state, &seen.changed}, func() error {
		views[uint32(key)] = seen //nolint:gosec // a key
		return nil
	})
	return views, err
}

// askConfig returns the configuration of a connection beside the pool to one server: another one knows
// nothing about the sessions.
func (p *Pool) askConfig(server host) *pgx.ConnConfig {
	config := p.asking.Copy()
	keepOnly(config, server)
	return config
}

// configOfWatchdog returns the configuration of connections beside the pool, which use DirectURL if
// there is one.
func (p *Pool) configOfWatchdog(pooled *pgx.ConnConfig) (*pgx.ConnConfig, error) {
	config := pooled.Copy()
	if p.opts.DirectURL != "" {
		direct, err := pgx.ParseConfig(p.opts.DirectURL)
		if err != nil {
			return nil, fmt.Errorf("reading LONGSHORE_DIRECT_DATABASE_URL: %w", err)
		}
		direct.RuntimeParams["application_name"] = p.opts.Application
		config = direct
	}
	config.ConnectTimeout = askTimeout
	config.DialFunc = dialer.DialContext
	return config, nil
}
