// Package store keeps operations in Postgres, which is the truth: staging what arrives, running the steps that workers
// take, reading what clients ask for, and finding what needs rescue. It is the only package that speaks to
// Postgres, and it interprets Postgres's error codes in one place.
package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/pkg/operation"
)

// ImporterSessions is the name that importers' sessions carry in pg_stat_activity; the janitor looks for it.
const ImporterSessions = "longshore-importer"

// connectTimeout bounds a connection's begin, so that a database that does not answer is told as that.
const connectTimeout = 5 * time.Second

// Options says how a service uses Postgres.
type Options struct {
	// Application is the session's name in pg_stat_activity.
	Application string
	// MaxConns bounds the pool; 0 takes the driver's default.
	MaxConns int
	// Schema is the oldest schema that the service runs on: migrations.Latest(). 0 means any.
	Schema int64
	// FrozenAfter ends a session whose client froze between two statements, or while it was sent a result: the latter over TCP only, where no
	// timeout of Postgres's own fires. 0 means never.
	FrozenAfter time.Duration
	// Statement ends a statement that takes longer; 0 means never.
	Statement time.Duration
}

// Store is safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
}

// Open connects to the database. It fails when the database does not answer, and with a SchemaError when its schema is too old.
func Open(ctx context.Context, databaseURL string, opts Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("reading DATABASE_URL: %w", err)
	}
	params := config.ConnConfig.RuntimeParams
	params["timezone"] = "UTC" // the tables hold TIMESTAMP, which has no zone of its own
	params["application_name"] = opts.Application
	if opts.FrozenAfter > 0 {
		bound := fmt.Sprint(opts.FrozenAfter.Milliseconds())
		params["idle_in_transaction_session_timeout"], params["tcp_user_timeout"] = bound, bound
	}
	if opts.Statement > 0 {
		params["statement_timeout"] = fmt.Sprint(opts.Statement.Milliseconds())
	}
	if opts.MaxConns > 0 {
		config.MaxConns = int32(min(opts.MaxConns, 1000))
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the connection pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reaching Postgres: %w", err)
	}
	s := &Store{pool: pool}
	if err := s.requireSchema(ctx, opts.Schema); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Ping asks the database whether it answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Connections tells how the pool stands: how many connections there may be, there are and are in use, how often somebody had to wait for
// one, and how long altogether.
func (s *Store) Connections() (most, open, busy int, waits int64, waited time.Duration) {
	stat := s.pool.Stat()
	return int(stat.MaxConns()), int(stat.TotalConns()), int(stat.AcquiredConns()), stat.EmptyAcquireCount(), stat.EmptyAcquireWaitTime()
}

// Close ends every connection.
func (s *Store) Close() { s.pool.Close() }

// inTx runs work in one transaction, which commits when work returns nil. Nobody else begins or commits.
func (s *Store) inTx(ctx context.Context, work func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, work)
}

// liveStates are the states in which a worker may act for an operation, as the statements need them.
var liveStates = statesThat(operation.State.Live)

// finishedStates are the states in which nothing changes any more.
var finishedStates = statesThat(operation.State.Terminal)

// statesBefore are the states from which an operation may move to next: the domain's table of transitions binds every UPDATE
// of a status.
func statesBefore(next operation.State) []string {
	return statesThat(func(s operation.State) bool { return s.CanBecome(next) })
}

func statesThat(hold func(operation.State) bool) (names []string) {
	for _, state := range operation.States() {
		if hold(state) {
			names = append(names, string(state))
		}
	}
	return names
}
