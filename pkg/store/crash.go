package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/store/internal/session"
)

// mayHaveCrashed reports whether the session of a failed attempt ended without a word of Postgres, so
// that the attempt itself may have crashed it. Poolers report the end of the server's session in
// class 08.
func mayHaveCrashed(err error) bool {
	if _, announced := errors.AsType[*session.EndAnnouncedError](err); announced || errors.Is(err, context.Canceled) {
		return false
	}
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(fromServer.Code, connectionClass)
	}
	return IsTransient(err)
}

const selectServerRun = `SELECT id FROM xforce.server_runs`

// beginServerRun stores an id for the current run of Postgres unless it has one, and returns it.
func beginServerRun(ctx context.Context, tx pgx.Tx) (id uuid.UUID, err error) {
	const begin = `INSERT INTO xforce.server_runs DEFAULT VALUES ON CONFLICT DO NOTHING`
	if _, err := tx.Exec(ctx, begin); err != nil {
		return uuid.Nil, fmt.Errorf("identifying the run of Postgres: %w", err)
	}
	if err := tx.QueryRow(ctx, selectServerRun).Scan(&id); err != nil {
		return uuid.Nil, fmt.Errorf("identifying the run of Postgres: %w", err)
	}
	return id, nil
}
