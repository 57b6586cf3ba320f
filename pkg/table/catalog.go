package table

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// relation is the OID of the relation with the schema $1, which may be empty, and the name $2. Unlike to_regclass, it
// needs no right on the schema.
const relation = `(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = $2 AND (n.nspname = $1 OR $1 = '' AND pg_table_is_visible(c.oid)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 1)`

// The query repeats the facts of the table in each row of a column, which saves a round trip. The
// recursion follows the types of all columns through their domains to the base types.
const columnsSQL = `
WITH RECURSIVE layers (attnum, type, modifier, required) AS (
  SELECT attnum, atttypid, atttypmod, false
  FROM pg_attribute WHERE attrelid = ` + relation + ` AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT s.attnum, t.typbasetype, CASE WHEN s.modifier = -1 THEN t.typtypmod ELSE s.modifier END, s.required OR t.typnotnull
  FROM layers s JOIN pg_type t ON t.oid = s.type AND t.typtype = 'd')
SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.reltype,
       EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.condeferrable)
       OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgdeferrable),
       a.attname,
       a.atttypid, format_type(a.atttypid, a.atttypmod),
       base.oid, format_type(base.oid, -1),
       coalesce(element.oid, 0), coalesce(format_type(element.oid, -1), ''),
       below.modifier,
       base.typtype = 'e',
       (SELECT array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = base.oid),
       a.attnotnull OR below.required,
       a.atthasdef AND NOT below.required OR a.attidentity <> '',
       a.attgenerated <> '' OR a.attidentity = 'a',
       coalesce(l.collisdeterministic, true),
       CASE WHEN l.collisdeterministic THEN '' ELSE coalesce((SELECT quote_ident(s.nspname) || '.' || quote_ident(l.collname)
         FROM pg_namespace s WHERE s.oid = l.collnamespace), '') END
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid
JOIN layers below ON below.attnum = a.attnum
JOIN pg_type base ON base.oid = below.type AND base.typtype <> 'd'
LEFT JOIN pg_type element ON element.typarray = base.oid
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.oid = ` + relation + `
ORDER BY a.attnum`

const indexesSQL = `
SELECT array_agg(coalesce(a.attname, '')::text ORDER BY k.place),
       bool_and(i.indisvalid AND i.indisready AND i.indimmediate AND i.indpred IS NULL
                AND a.attname IS NOT NULL AND (o.opcdefault OR o.opcname LIKE '%pattern_ops')
                AND (k.collation_oid = a.attcollation OR coalesce(l.collisdeterministic AND own.collisdeterministic, true))),
       bool_and(i.indisvalid AND i.indpred IS NULL
                AND a.attname IS NOT NULL AND k.collation_oid = a.attcollation AND k.options = 0),
       array_agg(coalesce(nullif(format('OPERATOR(%I.%s)', s.nspname, e.oprname), 'OPERATOR(pg_catalog.=)'), '=') ORDER BY k.place)
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indcollation::oid[], i.indoption::int2[], i.indclass::oid[])
  WITH ORDINALITY AS k (attnum, collation_oid, options, class, place)
LEFT JOIN pg_opclass o ON o.oid = k.class
LEFT JOIN pg_amop p ON p.amopfamily = o.opcfamily AND p.amopstrategy = 3 AND p.amoplefttype = o.opcintype AND p.amoprighttype = o.opcintype
LEFT JOIN pg_operator e ON e.oid = p.amopopr
LEFT JOIN pg_namespace s ON s.oid = e.oprnamespace
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
LEFT JOIN pg_collation l ON l.oid = k.collation_oid
LEFT JOIN pg_collation own ON own.oid = a.attcollation
WHERE i.indrelid = $1 AND i.indisunique AND k.place <= i.indnkeyatts
GROUP BY i.indexrelid
ORDER BY i.indexrelid`

// Read reads the definition of the table with the name, which may be qualified by a schema. It runs
// two queries, of a view three, and returns ErrNotFound if the table does not exist.
func Read(ctx context.Context, db DB, name string) (*Definition, error) {
	d := &Definition{}
	if err := d.readColumns(ctx, db, name); err != nil {
		return nil, fmt.Errorf("reading its columns: %w", err)
	}
	if len(d.Columns) == 0 {
		return nil, notFound(ctx, db, name)
	}
	if d.Kind == kindView {
		if err := d.readView(ctx, db); err != nil {
			return nil, fmt.Errorf("reading the table below the view: %w", err)
		}
	}
	if err := d.readIndexes(ctx, db); err != nil {
		return nil, fmt.Errorf("reading its indexes: %w", err)
	}
	return d, nil
}

func (d *Definition) readColumns(ctx context.Context, db DB, name string) error {
	schema, relationName := split(name)
	rows, err := db.Query(ctx, columnsSQL, schema, relationName)
	if err != nil {
		return err
	}
	d.Columns, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Column, error) {
		var c Column
		err := row.Scan(&d.OID, &d.Schema, &d.Name, &d.Kind, &d.RowType, &d.Deferrable,
			&c.Name, &c.Type, &c.TypeName, &c.Base, &c.BaseName, &c.Element, &c.ElementName, &c.Modifier,
			&c.Enum, &c.Labels, &c.Required, &c.HasDefault, &c.Generated, &c.Deterministic, &c.Collation)
		return c, err
	})
	return err
}

func (d *Definition) readIndexes(ctx context.Context, db DB) error {
	rows, err := db.Query(ctx, indexesSQL, d.Base())
	if err != nil {
		return err
	}
	d.UniqueIndexes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Index, error) {
		var i Index
		err := row.Scan(&i.Columns, &i.Arbiter, &i.Ordered, &i.Equal)
		i.Columns = d.Rename(i.Columns)
		return i, err
	})
	return err
}
