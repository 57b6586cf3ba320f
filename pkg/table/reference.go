package table

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const (
	referencedSQL = `
SELECT DISTINCT p.attname::text
FROM pg_constraint k
JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]
JOIN pg_attribute p ON p.attrelid = k.confrelid AND k.confkey = ARRAY[p.attnum]
WHERE k.contype = 'f' AND k.conrelid = $1 AND k.confrelid = $2 AND a.attname = $3
ORDER BY 1`

	unreadableSQL = `
SELECT u.role, CASE WHEN has_schema_privilege(u.role, c.relnamespace, 'USAGE') THEN '' ELSE c.relnamespace::regnamespace::text END,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attname = ANY ($2)
             AND NOT has_column_privilege(u.role, c.oid, a.attnum, 'SELECT') ORDER BY a.attnum)
FROM pg_class c, (SELECT coalesce(nullif($3::text, '')::name, current_user)::text AS role) u
WHERE c.oid = $1`
)

// ReadReferenced returns the columns of another table to which foreign keys on the column alone refer.
func (d *Definition) ReadReferenced(ctx context.Context, db DB, column string, other *Definition) ([]string, error) {
	name := column
	if d.View != nil && d.View.Base != 0 {
		for below, shown := range d.View.names {
			if shown == column {
				name = below
			}
		}
	}
	rows, err := db.Query(ctx, referencedSQL, d.Base(), other.Base(), name)
	if err != nil {
		return nil, fmt.Errorf("reading the foreign keys of column %q: %w", column, err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading the foreign keys of column %q: %w", column, err)
	}
	return other.Rename(columns), nil
}

// Unreadable says what a role lacks to read columns of a table.
type Unreadable struct {
	Role string
	// ClosedSchema is the schema of the table if the role lacks USAGE on it; otherwise it is empty.
	ClosedSchema string
	// Columns are those that the role may not read.
	Columns []string
}

// ReadUnreadable returns what a role, or if that is empty the role of the connection, lacks to read columns of the table.
func ReadUnreadable(ctx context.Context, db DB, d *Definition, columns []string, role string) (u Unreadable, err error) {
	rows, err := db.Query(ctx, unreadableSQL, d.OID, columns, role)
	if err == nil {
		u, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (u Unreadable, err error) {
			return u, row.Scan(&u.Role, &u.ClosedSchema, &u.Columns)
		})
	}
	if err != nil {
		return Unreadable{}, fmt.Errorf("reading who can read it: %w", err)
	}
	return u, nil
}
