// Package store keeps Longshore's own schema in Postgres, the source of truth: it stages uploads,
// runs the steps of workers, answers the reads of clients, and finds what the janitor has to repair
// or delete. Only this package and pkg/table talk to Postgres; errors.go interprets Postgres's
// error codes.
package store

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/coalesce"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store/internal/session"
	"github.com/longshore-io/longshore/pkg/tracing"
)

// The names that the workers' sessions have in pg_stat_activity. The janitor finds stalled
// importers by ImporterSessions.
const (
	ImporterSessions = "longshore-importer"
	SearcherSessions = "longshore-searcher"
	ReporterSessions = "longshore-reporter"
)

// readTimeout bounds one query on behalf of a client. After that the client gets an error and may
// retry.
const readTimeout = 5 * time.Second

// Options are a service's settings for its connections to Postgres.
type Options struct {
	// Application is the name of the sessions in pg_stat_activity.
	Application string
	// MaxConns limits the connection pool; 0 uses the driver's default.
	MaxConns int
	// Pooler says that the address leads to a pooler in transaction mode.
	Pooler bool
	// DirectURL is the address of Postgres itself behind a pooler; empty if it is not known.
	DirectURL string
	// Schema is the oldest schema version that the service can run on, normally
	// migrations.Latest(). 0 means any.
	Schema int64
	// Role is what the role of the address is for. Open checks that it has the rights of this role;
	// empty checks none. A store for the role grants.API acts for clients: it reaches only the operations
	// of the tenant of a call's principal (package access), by their public ids, and fails without one.
	// Other stores reach those of all tenants, by their internal ids.
	Role grants.Role
	// FrozenAfter is when Postgres ends a session whose client froze between two statements or
	// while it received a result. In the latter case only TCP connections are covered, since no
	// timeout of Postgres itself applies. 0 means never.
	FrozenAfter time.Duration
	// Clients limits what the reads and uploads of clients may occupy.
	Clients ClientLimits
	// Statement is the statement_timeout; 0 means none.
	Statement time.Duration
	// Log receives a message for each session that is ended because it is silent; nil discards them.
	Log *slog.Logger
	// Write limits a transaction on behalf of a client, with the time to find out whether it took
	// effect if the answer to its COMMIT is lost. 0 means 25 s.
	Write time.Duration
	// Roles are the roles in Postgres that callers may have. Open checks that the service can take them.
	Roles []string
	// Tracer records statements as a part of traces; nil does not.
	Tracer *tracing.Tracer
}

// Store reads and writes Longshore's schema. It is safe for concurrent use.
type Store struct {
	pool *session.Pool
	// reads runs the reads of clients, which are bounded by readTimeout.
	reads        session.Reads
	clients      clients
	writeTimeout time.Duration
	roles        []string
	// forClients means that calls are limited to the tenant of their context: see scopeOf.
	forClients bool
	// seals seals uploads that come at the same time together.
	seals *coalesce.Group[string, *sealing]
	// readings reads operations for which clients ask at the same time together.
	readings *coalesce.Group[string, *reading]
}

// Open connects to the database. It fails if the database does not answer, with a RightsError if its
// role lacks rights, with a SchemaError if the schema is too old, and with a RoleError if it cannot
// take a role of callers.
func Open(ctx context.Context, databaseURL string, opts Options) (*Store, error) {
	pool, err := session.Open(ctx, databaseURL, session.Options{
		Application: opts.Application, MaxConns: opts.MaxConns, Pooler: opts.Pooler, DirectURL: opts.DirectURL,
		FrozenAfter: opts.FrozenAfter, Statement: opts.Statement, Log: opts.Log, Tracer: opts.Tracer,
		Tenants: tenantsFunc(opts.Role),
	})
	if err != nil {
		return nil, err
	}
	s := &Store{
		pool: pool, reads: pool.Reads(), clients: newClients(opts.Clients), writeTimeout: cmp.Or(opts.Write, defaultWrite), roles: opts.Roles,
		forClients: opts.Role == grants.API, seals: newSeals(),
	}
	s.readings = newReadings(s)
	if err := s.requireRights(ctx, opts.Role); err != nil {
		pool.Close()
		return nil, err
	}
	if err := s.requireSchema(ctx, opts.Schema); err != nil {
		pool.Close()
		return nil, err
	}
	if err := s.requireRoles(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Risks returns why a crash can lose what Postgres has committed; none if the database is durable.
func (s *Store) Risks(ctx context.Context) ([]string, error) { return s.pool.Risks(ctx) }

// Connections returns the pool's limit, its open and busy connections, how often a caller had to
// wait for a connection, and the total time of those waits.
func (s *Store) Connections() (limit, open, busy int, waits int64, waited time.Duration) {
	stat := s.pool.Stat()
	return int(stat.MaxConns()), int(stat.TotalConns()), int(stat.AcquiredConns()), stat.EmptyAcquireCount(), stat.EmptyAcquireWaitTime()
}

// Close closes every connection. It takes a few seconds at most, also if Postgres does not answer.
func (s *Store) Close() { s.pool.Close() }

// inTx runs work in one transaction and commits if work returns nil. All transactions of this
// package start here.
func (s *Store) inTx(ctx context.Context, work func(pgx.Tx) error) error {
	return s.pool.InTx(ctx, work)
}

// executor is a transaction or the pool.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// querier runs queries.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// collect runs a query and returns its rows. An error is prefixed with what the caller was doing.
func collect[T any](ctx context.Context, db querier, doing string, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	collected, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return collected, nil
}

// collectForClient is collect bounded by readTimeout. A transient error becomes a fault of kind
// Unavailable.
func collectForClient[T any](
	ctx context.Context, db querier, doing string, scan pgx.RowToFunc[T], sql string, args ...any,
) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	collected, err := collect(ctx, db, doing, scan, sql, args...)
	return collected, ClientError(err)
}

// execForClient runs a statement on behalf of a client that needs no condition of a tenant. An error is prefixed
// with what the caller was doing.
func (s *Store) execForClient(ctx context.Context, doing, statement string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, ClientError(err))
	}
	return nil
}

// liveStates are the states in which workers may process an operation.
var liveStates = statesWhere(operation.State.Live)

// finishedStates are the terminal states.
var finishedStates = statesWhere(operation.State.Terminal)

// statesBefore returns the states from which an operation may change to next. Every UPDATE of a
// status uses it, so that the domain's table of transitions is enforced in SQL.
func statesBefore(next operation.State) []string {
	return statesWhere(func(s operation.State) bool { return s.CanBecome(next) })
}

func statesWhere(matches func(operation.State) bool) (names []string) {
	for _, state := range operation.States() {
		if matches(state) {
			names = append(names, string(state))
		}
	}
	return names
}
