package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// poolerHint says what to do about an address that leads to a pooler.
const poolerHint = "DATABASE_URL leads to a connection pooler that changes the session between transactions: " +
	"set LONGSHORE_DB_POOLER=transaction for every service, and give migrate the address of Postgres itself in LONGSHORE_DIRECT_DATABASE_URL"

// ErrPooler is returned by Open if the address leads to a pooler in transaction mode and the options
// do not say so: named statements would be lost, or run another client's statement.
var ErrPooler = errors.New(poolerHint)

// poolerCodes are the errors by which such a pooler shows: duplicate_prepared_statement,
// invalid_sql_statement_name and, for a start-up parameter that it does not know,
// protocol_violation.
var poolerCodes = []string{"42P05", "26000", "08P01"}

// explain adds ErrPooler to an error by which a pooler shows.
func (o Options) explain(err error) error {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	if ok && !o.Pooler && slices.Contains(poolerCodes, fromServer.Code) {
		return fmt.Errorf("%w (%w)", ErrPooler, err)
	}
	return err
}

// poolerTries is how often detectPooler compares two clients. A pooler with many idle sessions may
// give them different ones by chance.
const poolerTries = 5

// detectPooler returns ErrPooler if two clients take turns in one session of Postgres, or if one
// client changes its session. It asks nothing of a server whose sessions have the process id that it
// gave at the start, because there is no pooler.
func (p *Pool) detectPooler(ctx context.Context) error {
	config := p.pool.Config().ConnConfig
	config.DialFunc = dialer.DialContext
	if err := p.hosts.preferLast(ctx, config); err != nil {
		return err
	}
	a, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close(ctx) }() // nothing was begun
	first, err := backendOf(ctx, a)
	if err != nil || first == a.PgConn().PID() {
		return err
	}
	b, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close(ctx) }() // nothing was begun
	for range poolerTries {
		of := make([]uint32, 2)
		for i, client := range []*pgx.Conn{a, b} {
			if of[i], err = backendOf(ctx, client); err != nil {
				return err
			}
		}
		if of[0] != first || of[1] == first {
			return ErrPooler
		}
	}
	return nil
}

// backendOf returns the process id of the session that runs a client's statement.
func backendOf(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid)
	return pid, err
}

// Behind a pooler the process id that the server gave at the start is not that of the session that
// runs a statement. So every transaction holds a shared advisory lock whose second key is the number
// of the client's connection, by which the watchdog finds the session in pg_locks.
const sessionLock = 0x6c6f6e67 // "long"

// lockCall returns the call that takes the advisory lock of a connection.
func lockCall(key uint32) string {
	return fmt.Sprintf("pg_advisory_xact_lock_shared(%d, %d)", sessionLock, int32(key)) //nolint:gosec // newKey
}

// newKey returns a random number for a connection, which fits a signed integer of 32 bits.
func newKey() uint32 { return 1 + uint32(rand.N(1<<31-1)) } //nolint:gosec // spreading, not secrecy

// poolerSettings are the settings that a pooler may lose between the start-up and the transaction.
func (o Options) poolerSettings() []setting {
	return []setting{
		{"timezone", "'UTC'"},
		{"application_name", "'" + strings.ReplaceAll(o.Application, "'", "''") + "'"},
	}
}
