package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/grants"
)

// requireRights returns a RightsError if the role of the sessions lacks rights that a role of this
// kind has. It ignores objects that do not exist, which requireSchema reports.
func (s *Store) requireRights(ctx context.Context, role grants.Role) error {
	// The names of the objects are looked up in the catalog, because the functions do not accept a name
	// in a schema that the role may not use.
	const lacking = `
SELECT n.place
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS n (privilege, schema, object, "column", place)
JOIN pg_namespace s ON s.nspname = n.schema
LEFT JOIN pg_class c ON c.relnamespace = s.oid AND c.relname = n.object
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = n."column" AND NOT a.attisdropped
WHERE NOT CASE
  WHEN n.object = '' THEN has_schema_privilege(s.oid, n.privilege)
  WHEN c.oid IS NULL OR n."column" <> '' AND a.attnum IS NULL THEN true
  WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, n.privilege)
  WHEN n."column" <> '' THEN has_column_privilege(c.oid, a.attnum, n.privilege)
  ELSE has_table_privilege(c.oid, n.privilege) END
ORDER BY n.place`
	needed := grants.Rights(role)
	var privileges, schemas, objects, columns []string
	for _, r := range needed {
		privileges, schemas = append(privileges, r.Privilege), append(schemas, r.Schema)
		objects, columns = append(objects, r.Object), append(columns, r.Column)
	}
	places, err := collect(ctx, s.pool, "reading the rights of the role", pgx.RowTo[int], lacking, privileges, schemas, objects, columns)
	if err != nil || len(places) == 0 {
		return err
	}
	lacks := &RightsError{Role: role}
	for _, place := range places {
		lacks.Rights = append(lacks.Rights, needed[place-1])
	}
	if lacks.Name, err = queryOne[string](ctx, s.pool, `SELECT current_user::text`); err != nil {
		return fmt.Errorf("reading the name of the role: %w", err)
	}
	return lacks
}

// RightsError means that the role of DATABASE_URL lacks rights that the program needs.
type RightsError struct {
	// Name is the name of the role in the database, Role what it is for.
	Name string
	Role grants.Role
	// Rights are the missing ones.
	Rights []grants.Right
}

// Error names the missing rights, and the command that grants them.
func (e *RightsError) Error() string {
	missing := make([]string, len(e.Rights))
	for i, r := range e.Rights {
		missing[i] = r.String()
	}
	return fmt.Sprintf("the database role %s lacks %s: run the migrate command with %s=%s, which grants what this program needs",
		e.Name, strings.Join(missing, ", "), e.Role.Variable(), e.Name)
}
