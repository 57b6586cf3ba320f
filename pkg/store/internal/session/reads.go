package session

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Reads runs single statements that change nothing. Of the settings that a transaction of a Pool begins
// with they have only the tenants, because a read rests on none of them: it commits nothing, holds no lock
// between statements, and its deadline is that of its context. A statement_timeout or lock_timeout of
// the role may end it earlier. It is safe for concurrent use.
type Reads struct{ pool *Pool }

// Reads returns the pool for single statements that only read.
func (p *Pool) Reads() Reads { return Reads{p} }

// Query runs a statement that changes nothing. The context must have a deadline, and the rows must be
// closed.
func (r Reads) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if r.pool.opts.Pooler { // with the time zone, and the lock by which the watchdog finds the session
		return r.pool.Query(ctx, sql, args...) //nolint:rowserrcheck // the caller checks it
	}
	if r.pool.opts.Tenants != nil { // in one message with the setting that the policies read
		return queryRows(r.pool.beginWith(ctx, func(*pgx.Conn, *pgx.Batch) {}, sql, args)) //nolint:rowserrcheck // the caller checks it
	}
	return r.pool.pool.Query(ctx, sql, args...) //nolint:rowserrcheck // the caller checks it
}

// QueryRow is Query for the first row, whose Scan must be called.
func (r Reads) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := r.Query(ctx, sql, args...) //nolint:rowserrcheck // Scan checks it
	return &resultRow{rows: rows, err: err}
}
