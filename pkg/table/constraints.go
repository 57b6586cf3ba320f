package table

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Constraints are the conditions of a table under which Postgres refuses a row, as far as a query
// can evaluate them for many rows at once. Constraints that only Postgres itself can evaluate, such
// as checks that call a volatile function, are missing.
type Constraints struct {
	// Checks, Unique and ForeignKeys are each in the order in which Postgres evaluates them.
	Checks      []Check
	Unique      []UniqueKey
	ForeignKeys []ForeignKey
	// Domains are the checks of the columns' domains, the innermost domain's first.
	Domains []DomainCheck
	// Enums are the columns whose base type is an enum.
	Enums []string
}

// Check is a CHECK constraint.
type Check struct {
	Name string
	// Expression is the condition in SQL. It names columns without their table.
	Expression string
	// Columns are the columns that the expression uses.
	Columns []string
}

// DomainCheck is a CHECK constraint of the domain of a column.
type DomainCheck struct {
	Column string
	Name   string
	// Expression is the condition in SQL. It calls the value VALUE.
	Expression string
}

// UniqueKey is a unique index, or the index of an exclusion constraint.
type UniqueKey struct {
	Name string
	// Expressions are the indexed columns, quoted, and expressions, in the order of the index.
	Expressions []string
	// Operators are the operators in SQL of an exclusion constraint, one for each expression; nil of a
	// unique index. Two rows conflict if all operators hold between their values.
	Operators []string
	// Predicate is the condition of a partial index, "" if it contains all rows.
	Predicate string
	// Columns are the columns that the expressions and the predicate use.
	Columns []string
}

// ForeignKey is a foreign key of the table.
type ForeignKey struct {
	Name string
	// Columns are the table's own columns, Referenced those of the other table, and Operators the
	// operators in SQL that compare a referenced column (left) with a column of the table.
	Columns    []string
	Referenced []string
	Operators  []string
	// Parent is the other table, as it is written in FROM.
	Parent string
	// Self reports whether the table refers to itself.
	Self bool
	// Full reports whether the columns must all be NULL or all have a value (MATCH FULL).
	Full bool
	// Validated reports whether Postgres has checked the rows that existed before the constraint.
	Validated bool
}

// A check that Postgres does not enforce, or that has another meaning inside a query (whole rows,
// system columns), is left out. The columns of to_jsonb exist since Postgres 15 and 18.
const (
	checksSQL = `
SELECT k.conname, pg_get_expr(k.conbin, k.conrelid),
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
FROM pg_constraint k
WHERE k.conrelid = $1 AND k.contype = 'c' AND 0 < ALL (coalesce(k.conkey, '{}'))
  AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
  AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
                  WHERE d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
                    AND d.refclassid = 'pg_proc'::regclass AND p.provolatile = 'v')
ORDER BY k.conname`

	domainsSQL = `
WITH RECURSIVE layers (attnum, attname, type, depth) AS (
  SELECT attnum, attname, atttypid, 0 FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT l.attnum, l.attname, t.typbasetype, l.depth + 1 FROM layers l JOIN pg_type t ON t.oid = l.type AND t.typtype = 'd')
SELECT l.attname, k.conname, pg_get_expr(k.conbin, 0)
FROM layers l JOIN pg_constraint k ON k.contypid = l.type AND k.contype = 'c'
WHERE NOT EXISTS (SELECT FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
                  WHERE d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
                    AND d.refclassid = 'pg_proc'::regclass AND p.provolatile = 'v')
ORDER BY l.attnum, l.depth DESC, k.conname`

	// Values of a nondeterministic collation, and NULLs that are not distinct, are not compared by
	// the operator = alone.
	uniqueSQL = `
SELECT c.relname,
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, false) FROM generate_series(1, i.indnkeyatts) k ORDER BY k),
       (SELECT array_agg(format('OPERATOR(%I.%s)', s.nspname, o.oprname) ORDER BY u.place)
        FROM pg_constraint k CROSS JOIN unnest(k.conexclop) WITH ORDINALITY AS u (operator, place)
        JOIN pg_operator o ON o.oid = u.operator JOIN pg_namespace s ON s.oid = o.oprnamespace
        WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid),
       coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (a.attnum = ANY (i.indkey::int2[]) OR a.attnum IN (
               SELECT d.refobjsubid FROM pg_depend d
               WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid))
             ORDER BY a.attnum)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = $1 AND (i.indisunique OR i.indisexclusion) AND i.indislive AND i.indisready
  AND coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false'
  AND NOT EXISTS (SELECT FROM unnest(i.indcollation::oid[]) o JOIN pg_collation l ON l.oid = o WHERE NOT l.collisdeterministic)
ORDER BY i.indexrelid`

	// A foreign key is only useful if it is enforced and this role sees every row of the other
	// table.
	foreignKeysSQL = `
SELECT k.conname, CASE r.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', n.nspname, r.relname),
       k.confrelid = k.conrelid, k.confmatchtype = 'f', k.convalidated,
       columns.own, columns.referenced, columns.operators
FROM pg_constraint k
JOIN pg_class r ON r.oid = k.confrelid
JOIN pg_namespace n ON n.oid = r.relnamespace
CROSS JOIN LATERAL (
  SELECT array_agg(a.attname::text ORDER BY u.place) AS own, array_agg(p.attname::text ORDER BY u.place) AS referenced,
         array_agg(format('OPERATOR(%I.%s)', s.nspname, o.oprname) ORDER BY u.place) AS operators,
         bool_and(has_column_privilege(k.confrelid, p.attnum, 'SELECT')) AS readable
  FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS u (own, referenced, operator, place)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.own
  JOIN pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = u.referenced
  JOIN pg_operator o ON o.oid = u.operator
  JOIN pg_namespace s ON s.oid = o.oprnamespace) columns
CROSS JOIN LATERAL (
  SELECT bool_and(g.tgenabled IN ('O', 'A')) AS enabled, min(g.tgname) FILTER (WHERE g.tgtype & 4 > 0) AS name
  FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgrelid = k.conrelid) triggers
WHERE k.conrelid = $1 AND k.contype = 'f' AND triggers.enabled AND current_setting('session_replication_role') <> 'replica'
  AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true' AND coalesce(to_jsonb(k) ->> 'conperiod', 'false') = 'false'
  AND columns.readable AND has_schema_privilege(n.oid, 'USAGE') AND NOT row_security_active(k.confrelid)
ORDER BY triggers.name`
)

// ReadConstraints reads the table's constraints that the role of the connection can evaluate. It
// runs four queries.
func ReadConstraints(ctx context.Context, db DB, d *Definition) (*Constraints, error) {
	c := &Constraints{}
	for _, column := range d.Columns {
		if column.Enum {
			c.Enums = append(c.Enums, column.Name)
		}
	}
	var err error
	if c.Checks, err = collect(ctx, db, checksSQL, d.OID, func(row pgx.CollectableRow) (k Check, err error) {
		return k, row.Scan(&k.Name, &k.Expression, &k.Columns)
	}); err != nil {
		return nil, fmt.Errorf("reading its checks: %w", err)
	}
	if c.Domains, err = collect(ctx, db, domainsSQL, d.OID, func(row pgx.CollectableRow) (k DomainCheck, err error) {
		return k, row.Scan(&k.Column, &k.Name, &k.Expression)
	}); err != nil {
		return nil, fmt.Errorf("reading the checks of its domains: %w", err)
	}
	if c.Unique, err = collect(ctx, db, uniqueSQL, d.OID, func(row pgx.CollectableRow) (k UniqueKey, err error) {
		return k, row.Scan(&k.Name, &k.Expressions, &k.Operators, &k.Predicate, &k.Columns)
	}); err != nil {
		return nil, fmt.Errorf("reading its unique keys: %w", err)
	}
	if c.ForeignKeys, err = collect(ctx, db, foreignKeysSQL, d.OID, func(row pgx.CollectableRow) (k ForeignKey, err error) {
		return k, row.Scan(&k.Name, &k.Parent, &k.Self, &k.Full, &k.Validated, &k.Columns, &k.Referenced, &k.Operators)
	}); err != nil {
		return nil, fmt.Errorf("reading its foreign keys: %w", err)
	}
	return c, nil
}

// collect runs a query about one table and returns its rows.
func collect[T any](ctx context.Context, db DB, sql string, oid uint32, scan pgx.RowToFunc[T]) ([]T, error) {
	rows, err := db.Query(ctx, sql, oid)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}
