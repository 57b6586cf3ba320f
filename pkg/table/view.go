package table

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// View says how Postgres writes to a view.
type View struct {
	// Base is the OID of the table to which Postgres passes on what is written. It is 0 if the view is not
	// automatically updatable, or has INSTEAD OF triggers or rules: then these decide what is written.
	Base uint32
	// Filtered reports whether the view leaves out rows of the table. ON CONFLICT would change such a row
	// although the view does not show it.
	Filtered bool
	// below are the relations between the view and the table, with the table.
	below []uint32
	// names are the view's names of the columns of the table.
	names map[string]string
}

// The names of a view's columns may differ from those of its table, and the catalog says only in the
// tree of the view's query which column of which relation each is (resorigtbl, resorigcol). A query in
// the WHERE of the view has such entries too, but stands before the view's own list. The recursion
// follows views of views.
const viewSQL = `
WITH RECURSIVE origins (attnum, relation, place) AS (
  SELECT attnum, attrelid, attnum FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT o.attnum, m.entry[2]::oid, m.entry[3]::int2
  FROM origins o
  JOIN pg_class c ON c.oid = o.relation AND c.relkind = 'v'
  JOIN pg_rewrite r ON r.ev_class = c.oid AND r.ev_type = '1'
  CROSS JOIN LATERAL (
    SELECT e.entry FROM regexp_matches(r.ev_action::text, '\{TARGETENTRY :expr \{VAR [^{}]*\} :resno (\d+) :resname \S+ ' ||
      ':ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+) :resjunk false', 'g') WITH ORDINALITY AS e (entry, n)
    WHERE e.entry[1]::int = o.place AND e.entry[2] <> '0' ORDER BY e.n DESC LIMIT 1) m
  WHERE pg_column_is_updatable(c.oid, o.place, false))
SELECT v.attname, o.relation, c.relkind::text, a.attname,
       a.attnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> '' OR a.attidentity = 'a',
       EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgtype & 64 > 0)
       OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1'),
       EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '1' AND r.ev_action::text ~ ':quals \{'),
       EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.condeferrable)
       OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgdeferrable)
FROM origins o
JOIN pg_class c ON c.oid = o.relation
JOIN pg_attribute a ON a.attrelid = o.relation AND a.attnum = o.place
JOIN pg_attribute v ON v.attrelid = $1 AND v.attnum = o.attnum
ORDER BY v.attnum`

// origin is a column of a relation below a view.
type origin struct {
	column, kind, name string
	relation           uint32
	required           bool
	hasDefault         bool
	generated          bool
	instead            bool
	filtered           bool
	deferrable         bool
}

// readView sets how the view is written. The columns of an automatically updatable view get the
// constraints and defaults of the table's columns; one that is an expression counts as generated.
func (d *Definition) readView(ctx context.Context, db DB) error {
	rows, err := db.Query(ctx, viewSQL, d.OID)
	if err != nil {
		return err
	}
	origins, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o origin, err error) {
		return o, row.Scan(&o.column, &o.relation, &o.kind, &o.name, &o.required, &o.hasDefault, &o.generated, &o.instead, &o.filtered, &o.deferrable)
	})
	if err != nil {
		return err
	}
	d.View = &View{names: make(map[string]string)}
	for _, o := range origins {
		if o.instead && o.kind == kindView {
			return nil
		}
	}
	for _, o := range origins {
		d.View.Filtered = d.View.Filtered || o.filtered
		if o.relation != d.OID {
			d.View.below = append(d.View.below, o.relation)
		}
		if o.kind != kindView {
			d.setBase(o)
		}
	}
	if d.View.Base == 0 {
		return nil
	}
	for i := range d.Columns {
		if !d.View.has(d.Columns[i].Name) {
			d.Columns[i].Generated = true
		}
	}
	return nil
}

// kindView is the relkind of a view.
const kindView = "v"

func (d *Definition) setBase(o origin) {
	if o.kind != "r" && o.kind != "p" {
		return
	}
	d.View.Base = o.relation
	d.View.names[o.name] = o.column
	d.Deferrable = d.Deferrable || o.deferrable
	for i := range d.Columns {
		if c := &d.Columns[i]; c.Name == o.column {
			c.Required, c.HasDefault, c.Generated = c.Required || o.required, c.HasDefault || o.hasDefault, o.generated
		}
	}
}

func (v *View) has(column string) bool {
	for _, name := range v.names {
		if name == column {
			return true
		}
	}
	return false
}

// Base returns the OID of the table that is written: of an automatically updatable view the one below
// it, otherwise the relation's own.
func (d *Definition) Base() uint32 {
	if d.View != nil && d.View.Base != 0 {
		return d.View.Base
	}
	return d.OID
}

// Rename returns the names under which records write the columns of the table Base; "" for those that a
// view does not have.
func (d *Definition) Rename(columns []string) []string {
	if d.Base() == d.OID {
		return columns
	}
	renamed := make([]string, len(columns))
	for i, name := range columns {
		renamed[i] = d.View.names[name]
	}
	return renamed
}

// relations returns the OIDs of the relation and, of a view, of those below it.
func (d *Definition) relations() []uint32 {
	all := []uint32{d.OID}
	if d.View != nil && d.View.Base != 0 {
		all = append(all, d.View.below...)
	}
	return all
}
