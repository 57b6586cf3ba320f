package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// undefinedTable is the SQLSTATE for a table that is not there.
const undefinedTable = "42P01"

// requireSchema fails with a SchemaError when the database has not seen the migration called latest. A newer schema is fine: an upgrade migrates
// first and replaces services after. It only reads; applying is the migrate command's work.
func (s *Store) requireSchema(ctx context.Context, latest int64) error {
	if latest == 0 {
		return nil
	}
	const newest = `SELECT coalesce(max(version_id), 0) FROM public.longshore_migrations WHERE is_applied`
	var have int64
	err := s.pool.QueryRow(ctx, newest).Scan(&have)
	var fromServer *pgconn.PgError
	if err != nil && !(errors.As(err, &fromServer) && fromServer.Code == undefinedTable) {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if have < latest {
		return &SchemaError{Has: have, Needs: latest}
	}
	return nil
}

// SchemaError tells of a database that answers and has not been migrated far enough.
type SchemaError struct{ Has, Needs int64 }

// Error tells what to do.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("the database is at schema version %d and this program needs %d: "+
		"run the migrate command with this DATABASE_URL (go run ./migrations/cmd/migrate)", e.Has, e.Needs)
}
