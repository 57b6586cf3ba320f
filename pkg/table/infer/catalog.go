// Package infer proposes a collection for a table that exists, from the Postgres catalog.
package infer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table"
)

// facts are what the catalog says about a table beyond its definition.
type facts struct {
	comment string
	columns map[string]columnFacts
	indexes []indexFacts
	checks  []checkFacts
}

// columnFacts are what the catalog says about a column.
type columnFacts struct {
	comment string
	// defaults is the expression of the column's default; empty if it has none.
	defaults string
	// computed reports whether the default calls a function, so that Postgres fills the column.
	computed bool
	identity bool
	// labels are those of an enum, in order.
	labels []string
}

// indexFacts describe a unique index.
type indexFacts struct {
	name    string
	primary bool
	columns []string
}

const (
	columnFactsSQL = `
SELECT a.attname, coalesce(col_description(a.attrelid, a.attnum), ''), coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity <> '',
  EXISTS (SELECT FROM pg_depend p WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
    AND p.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass) AND p.refobjid <> a.attrelid)
  OR pg_get_expr(d.adbin, d.adrelid) ~ '\m[a-z_0-9]+\(|CURRENT_|LOCALTIME|SESSION_USER',
  ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = (
    WITH RECURSIVE layers (type) AS (SELECT a.atttypid UNION ALL SELECT t.typbasetype FROM layers l JOIN pg_type t ON t.oid = l.type AND t.typtype = 'd')
    SELECT l.type FROM layers l JOIN pg_type t ON t.oid = l.type WHERE t.typtype <> 'd') ORDER BY e.enumsortorder)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped`

	indexFactsSQL = `
SELECT c.relname, i.indisprimary, array_agg(coalesce(a.attname, '')::text ORDER BY k.place)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = $1 AND i.indisunique AND k.place <= i.indnkeyatts
GROUP BY c.relname, i.indexrelid, i.indisprimary ORDER BY i.indisprimary DESC, i.indexrelid`

	tableCommentSQL = `SELECT coalesce(obj_description($1, 'pg_class'), '')`
)

func readFacts(ctx context.Context, db table.DB, d *table.Definition) (*facts, error) {
	f := &facts{columns: make(map[string]columnFacts)}
	for _, relation := range slices.Compact([]uint32{d.Base(), d.OID}) {
		if err := f.readColumns(ctx, db, d, relation); err != nil {
			return nil, fmt.Errorf("reading the columns of %s: %w", d.QuotedName(), err)
		}
	}
	rows, err := db.Query(ctx, indexFactsSQL, d.Base())
	if err != nil {
		return nil, fmt.Errorf("reading the indexes of %s: %w", d.QuotedName(), err)
	}
	f.indexes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (i indexFacts, err error) {
		err = row.Scan(&i.name, &i.primary, &i.columns)
		i.columns = d.Rename(i.columns)
		return i, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the indexes of %s: %w", d.QuotedName(), err)
	}
	if f.checks, err = readChecks(ctx, db, d); err != nil {
		return nil, err
	}
	rows, err = db.Query(ctx, tableCommentSQL, d.OID)
	if err != nil {
		return nil, fmt.Errorf("reading the comment of %s: %w", d.QuotedName(), err)
	}
	if f.comment, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("reading the comment of %s: %w", d.QuotedName(), err)
	}
	return f, nil
}

// readColumns reads what the catalog says about the columns of the table or, of a view, of the table below it. What it says
// about the view's own column, a comment or a default, counts more.
func (f *facts) readColumns(ctx context.Context, db table.DB, d *table.Definition, relation uint32) error {
	rows, err := db.Query(ctx, columnFactsSQL, relation)
	if err != nil {
		return err
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c columnFacts, err error) {
		var name string
		var computed *bool
		if err := row.Scan(&name, &c.comment, &c.defaults, &c.identity, &computed, &c.labels); err != nil {
			return c, err
		}
		c.computed = computed != nil && *computed && c.defaults != ""
		if relation != d.OID {
			name = d.Rename([]string{name})[0]
		}
		if below, known := f.columns[name]; known && c.defaults == "" {
			c.defaults, c.computed, c.identity, c.comment = below.defaults, below.computed, below.identity, cmp.Or(c.comment, below.comment)
		}
		f.columns[name] = c
		return c, nil
	})
	return err
}
