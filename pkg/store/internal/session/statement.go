package session

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Exec runs one statement in a transaction of its own.
func (p *Pool) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	s, err := p.begin(ctx, sql, args)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := s.results.Exec()
	if closeErr := s.close(); err == nil {
		err = closeErr
	}
	return tag, err
}

// Query runs one statement in a transaction of its own. The rows must be closed.
func (p *Pool) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	s, err := p.begin(ctx, sql, args)
	return queryRows(s, err) //nolint:rowserrcheck // the caller checks it
}

// queryRows returns the rows of a statement that was begun.
func queryRows(s *statement, err error) (pgx.Rows, error) {
	if err != nil {
		return nil, err
	}
	rows, err := s.results.Query() //nolint:rowserrcheck // the caller checks it
	if err != nil {
		_ = s.close() // the first error counts
		return nil, err
	}
	return &resultRows{Rows: rows, statement: s}, nil
}

// QueryRow runs one statement in a transaction of its own and returns its first row, whose Scan must
// be called.
func (p *Pool) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := p.Query(ctx, sql, args...) //nolint:rowserrcheck // Scan checks it
	return &resultRow{rows: rows, err: err}
}

// statement is a statement that is sent together with the settings, in one message. Postgres runs
// both in one transaction, which it commits at the end of the message.
type statement struct {
	pool    *Pool
	conn    *pgxpool.Conn
	results pgx.BatchResults
	cancel  context.CancelFunc
}

func (p *Pool) begin(ctx context.Context, sql string, args []any) (*statement, error) {
	return p.beginWith(ctx, func(conn *pgx.Conn, batch *pgx.Batch) { batch.Queue(p.settings(conn)) }, sql, args)
}

// beginWith begins a statement after those that a function queues, and after the one that sets the
// tenants.
func (p *Pool) beginWith(ctx context.Context, queue func(*pgx.Conn, *pgx.Batch), sql string, args []any) (*statement, error) {
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	conn, err := p.acquire(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	var batch pgx.Batch
	queue(conn.Conn(), &batch)
	if p.opts.Tenants != nil {
		batch.Queue(setTenants, p.opts.tenants(ctx))
	}
	before := batch.Len()
	batch.Queue(sql, args...)
	s := &statement{pool: p, conn: conn, results: conn.SendBatch(ctx, &batch), cancel: cancel}
	for range before {
		if _, err := s.results.Exec(); err != nil {
			_ = s.close() // the first error counts
			return nil, err
		}
	}
	return s, nil
}

// close ends the transaction and returns the error of its commit, if any.
func (s *statement) close() error {
	err := s.results.Close()
	s.pool.leaveIfReadOnly(err)
	s.conn.Release()
	s.cancel()
	return err
}

// resultRows are the rows of a statement. They end its transaction when they are closed.
type resultRows struct {
	pgx.Rows
	statement *statement
	err       error
}

// Next reads the next row. It closes the rows after the last one.
func (r *resultRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Close closes the rows. It may be called more than once.
func (r *resultRows) Close() {
	r.Rows.Close()
	if r.statement != nil {
		r.err = r.statement.close()
		r.statement = nil
	}
}

// Err returns the error of the statement or of its commit, once the rows are closed.
func (r *resultRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

// resultRow is the first row of a statement.
type resultRow struct {
	rows pgx.Rows
	err  error
}

// Scan reads the row. It returns pgx.ErrNoRows if there is none.
func (r *resultRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}
