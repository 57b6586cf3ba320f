package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrNotFound is returned by Read if the table does not exist.
var ErrNotFound = errors.New("there is no such table: create it, or correct x-longshore.table")

// NotFoundError is the ErrNotFound of a table when the name of another differs from it in capitals only.
type NotFoundError struct {
	// Similar is the name of the other table, as SQL writes it.
	Similar string
}

func (e *NotFoundError) Error() string { return ErrNotFound.Error() + ": " + e.Hint() }

// Hint says how the name of the other table is written.
func (e *NotFoundError) Hint() string {
	return fmt.Sprintf("there is %s: write a name with capitals in quotes", e.Similar)
}

// Unwrap returns ErrNotFound.
func (e *NotFoundError) Unwrap() error { return ErrNotFound }

const similarSQL = `
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE lower(c.relname) = lower($2) AND (lower(n.nspname) = lower($1) OR $1 = '' AND n.nspname = ANY (current_schemas(false)))
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY 1 LIMIT 1`

// notFound returns ErrNotFound, or a *NotFoundError if a table differs from the name in capitals only.
func notFound(ctx context.Context, db DB, name string) error {
	schema, relationName := split(name)
	rows, err := db.Query(ctx, similarSQL, schema, relationName)
	if err != nil {
		return fmt.Errorf("looking for tables with a similar name: %w", err)
	}
	similar, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return fmt.Errorf("looking for tables with a similar name: %w", err)
	case len(similar) == 0:
		return ErrNotFound
	}
	return &NotFoundError{similar[0]}
}
