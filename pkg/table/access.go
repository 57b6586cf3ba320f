package table

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Access is what decides, apart from the columns and constraints, whether the role of the
// connection can write to a table and whether what it writes stays as it was sent.
type Access struct {
	// Role is the role that writes.
	Role string
	// RowSecurity reports whether row-level security applies to the role.
	RowSecurity bool
	// Refused are the commands among INSERT, UPDATE and DELETE that a view does not take.
	Refused []string
	// Inherited reports whether other tables inherit from the table.
	Inherited bool
	// Rules are the enabled rules on INSERT, UPDATE and DELETE.
	Rules []string
	// RowTriggers are the enabled BEFORE ROW triggers on INSERT and UPDATE. Such a trigger may change
	// a row or drop it.
	RowTriggers []string
	// EarlyTriggers reports whether any trigger runs before Postgres checks the constraints. Then a
	// query cannot predict the result of the check.
	EarlyTriggers bool
	// LateTriggers reports whether any trigger runs after a row is written. What it writes can change
	// which of the following rows Postgres refuses.
	LateTriggers bool
	// ColumnTriggers reports whether a trigger runs on UPDATE OF some columns only.
	ColumnTriggers bool
	// SelfReferences are the names of the table's foreign keys to itself.
	SelfReferences []string
	// Blocks reports whether the role may run blocks of PL/pgSQL (DO).
	Blocks bool
	// ClosedSchema is the schema of the table if the role lacks USAGE on it; otherwise it is empty.
	ClosedSchema string
	// Parents are the tables to which the table's foreign keys refer, and Children those whose foreign keys refer
	// to it, as QuotedName writes them. Imports into a table that they are a partition of, or into a view of
	// them, write them too, so these are listed as well.
	Parents, Children []string
	// Missing are the privileges among SELECT, INSERT, UPDATE and DELETE that the role lacks on the
	// table or, if they can be granted for them, on one of the columns asked for.
	Missing []string
}

// The bits of tgtype are defined in Postgres' pg_trigger.h: 1 row, 2 before, 4 insert, 16 update.
// The triggers that check foreign keys have names that begin with RI_, and triggers of a kind run in
// the order of their names. What a row meets are the triggers of a view's table and of all partitions too. The bookkeeping of created rows reads a system column, which needs
// SELECT on the whole table.
var accessSQL = `
SELECT u.role::text, row_security_active(c.oid),
       ARRAY(SELECT p.name FROM (VALUES ('INSERT', 8), ('UPDATE', 4), ('DELETE', 16)) AS p (name, bit)
             WHERE CASE c.relkind WHEN 'v' THEN pg_relation_is_updatable(c.oid, true) & p.bit = 0 ELSE false END),
       EXISTS (SELECT FROM pg_inherits h JOIN pg_class k ON k.oid = h.inhparent AND k.relkind <> 'p' WHERE h.inhparent = ANY ($4)),
       ARRAY(SELECT r.rulename::text FROM pg_rewrite r
             WHERE r.ev_class = ANY ($4) AND r.ev_type IN ('2', '3', '4') AND r.ev_enabled IN ('O', 'A') ORDER BY r.rulename),
       ARRAY(SELECT g.tgname::text FROM pg_trigger g
             WHERE g.tgrelid = ANY (w.relations) AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')
               AND g.tgtype & 3 = 3 AND g.tgtype & 20 > 0 ORDER BY g.tgname),
       EXISTS (SELECT FROM pg_trigger g
               WHERE g.tgrelid = ANY (w.relations) AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') AND g.tgtype & 20 > 0
                 AND (g.tgtype & 2 > 0 OR g.tgname < 'RI_')),
       EXISTS (SELECT FROM pg_trigger g
               WHERE g.tgrelid = ANY (w.relations) AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') AND g.tgtype & 20 > 0 AND g.tgtype & 2 = 0),
       EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = ANY (w.relations) AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') AND g.tgattr <> ''),
       ARRAY(SELECT k.conname::text FROM pg_constraint k
             WHERE k.conrelid = ANY ($4) AND k.confrelid = k.conrelid AND k.contype = 'f' ORDER BY k.conname),
       EXISTS (SELECT FROM pg_language l WHERE l.lanname = 'plpgsql' AND has_language_privilege(u.role, l.oid, 'USAGE')),
       ARRAY(SELECT p.name FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) WITH ORDINALITY AS p (name, place)
             WHERE NOT has_table_privilege(u.role, c.oid, p.name)
               AND (p.name IN ('SELECT', 'DELETE') OR EXISTS (
                 SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attname = ANY ($2)
                   AND NOT has_column_privilege(u.role, c.oid, a.attnum, replace(p.name, 'DELETE', 'UPDATE'))))
             ORDER BY p.place),
       CASE WHEN has_schema_privilege(u.role, c.relnamespace, 'USAGE') THEN '' ELSE c.relnamespace::regnamespace::text END,
       ` + relativesSQL("conrelid", "confrelid") + `,
       ` + relativesSQL("confrelid", "conrelid") + `
FROM pg_class c, (SELECT coalesce(nullif($3::text, '')::name, current_user) AS role) u,
  (SELECT $4::oid[] || ARRAY(SELECT p.relid::oid FROM unnest($4::oid[]) o CROSS JOIN LATERAL pg_partition_tree(o) p) AS relations) w
WHERE c.oid = $1`

// relativesSQL returns an expression for the names of the tables at one end of the foreign keys that have
// the relations w.relations at the other end.
func relativesSQL(near, far string) string {
	return `ARRAY(
         WITH RECURSIVE relative (oid) AS (
           SELECT k.` + far + ` FROM pg_constraint k WHERE k.contype = 'f' AND k.` + near + ` = ANY (w.relations)
           UNION
           SELECT above.oid FROM relative CROSS JOIN LATERAL (
             SELECT p.relid::oid AS oid FROM pg_partition_ancestors(relative.oid) p
             UNION ALL
             SELECT v.ev_class FROM pg_depend d JOIN pg_rewrite v ON v.oid = d.objid
             WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relative.oid) above)
         SELECT format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(r.relname, '"', '""'))
         FROM relative JOIN pg_class r USING (oid) JOIN pg_namespace n ON n.oid = r.relnamespace ORDER BY 1)`
}

// ReadAccess reads how a role, or if that is empty the role of the connection, can write the columns of the table.
// Whether row-level security applies is read for the role of the connection.
func ReadAccess(ctx context.Context, db DB, d *Definition, columns []string, role string) (*Access, error) {
	rows, err := db.Query(ctx, accessSQL, d.OID, columns, role, d.relations())
	if err != nil {
		return nil, fmt.Errorf("reading the access to it: %w", err)
	}
	access, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (*Access, error) {
		a := &Access{}
		return a, row.Scan(&a.Role, &a.RowSecurity, &a.Refused, &a.Inherited, &a.Rules, &a.RowTriggers, &a.EarlyTriggers, &a.LateTriggers,
			&a.ColumnTriggers, &a.SelfReferences, &a.Blocks, &a.Missing, &a.ClosedSchema, &a.Parents, &a.Children)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the access to it: %w", err)
	}
	return access, nil
}

// IsVisibleTo reports whether a role may read the table with the name.
func IsVisibleTo(ctx context.Context, db DB, name, role string) (bool, error) {
	const visible = `
SELECT r.oid FROM pg_roles r JOIN pg_class c ON c.oid = ` + relation + `
WHERE r.rolname = $3 AND has_schema_privilege(r.oid, c.relnamespace, 'USAGE') AND has_table_privilege(r.oid, c.oid, 'SELECT')`
	schema, relationName := split(name)
	rows, err := db.Query(ctx, visible, schema, relationName, role)
	if err != nil {
		return false, fmt.Errorf("reading whether %s is visible: %w", name, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[uint32])
	if err != nil {
		return false, fmt.Errorf("reading whether %s is visible: %w", name, err)
	}
	return len(found) > 0, nil
}
