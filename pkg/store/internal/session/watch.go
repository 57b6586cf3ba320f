package session

import (
	"context"
	"errors"
	"log/slog"
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
			if waiting := p.waiting(); len(waiting) > 0 {
				p.check(ctx, waiting)
			}
		}
	}
}

// waiting returns the connections that have given no sign for too long. Those that are not open yet
// have a timeout of their own.
func (p *Pool) waiting() (waiting []*connection) {
	for _, c := range p.conns.all() {
		if c.pid.Load() != 0 && c.waits() > p.opts.Silence {
			waiting = append(waiting, c)
		}
	}
	return waiting
}

// check asks for the connections and ends those whose session does nothing for them.
func (p *Pool) check(ctx context.Context, waiting []*connection) {
	views, err := p.ask(ctx, waiting)
	if ctx.Err() != nil {
		return
	}
	if _, refused := errors.AsType[*pgconn.PgError](err); refused {
		return // Postgres answers, but does not say what its sessions do
	}
	for _, c := range waiting {
		seen := views[c.pid.Load()]
		seen.since = c.since.Load()
		// What two checks see alike is not the moment before an answer.
		if err != nil || !seen.runs && seen == c.seen {
			p.opts.Log.WarnContext(ctx, "closed a connection to Postgres that does not answer",
				slog.Duration("silent", c.waits()), slog.String("state", seen.state), slog.Any("error", err))
			c.endSilent()
		}
		c.seen = seen
	}
}

// view is what the server says about a session; zero if the session does not exist.
type view struct {
	// runs reports whether the session executes a statement or waits for a lock.
	runs  bool
	state string
	// changed is when the state changed last, as text.
	changed string
	// since is connection.since at that moment.
	since int64
}

// ask returns what the server says about sessions, by process id.
func (p *Pool) ask(ctx context.Context, waiting []*connection) (map[uint32]view, error) {
	// A session that reads from its client or writes to it, while its client does the same, has lost
	// the connection.
	const sessions = `
SELECT pid, coalesce(state = 'active' AND wait_event_type IS DISTINCT FROM 'Client', true),
  coalesce(state, ''), coalesce(state_change::text, '')
FROM pg_stat_activity WHERE pid = ANY ($1)`
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, p.askConfig())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }() // the answer is there
	pids := make([]int32, len(waiting))
	for i, c := range waiting {
		pids[i] = int32(c.pid.Load()) //nolint:gosec // a process id
	}
	rows, err := conn.Query(ctx, sessions, pgx.QueryExecModeExec, pids) //nolint:rowserrcheck // ForEachRow does
	if err != nil {
		return nil, err
	}
	views := make(map[uint32]view)
	var pid int32
	var seen view
	_, err = pgx.ForEachRow(rows, []any{&pid, &seen.runs, &seen.state, &seen.changed}, func() error {
		views[uint32(pid)] = seen //nolint:gosec // a process id
		return nil
	})
	return views, err
}

func (p *Pool) askConfig() *pgx.ConnConfig {
	config := p.pool.Config().ConnConfig
	config.ConnectTimeout = askTimeout
	return config
}
