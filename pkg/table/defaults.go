package table

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Default is the default of a column: its own or that of its domain, or an identity.
type Default struct {
	Column string
	// Expression is the default in SQL; "" for an identity.
	Expression string
	// Volatile reports whether each row may get another value.
	Volatile bool
	// Sequence is the sequence from which the default draws; nil if it draws from none.
	Sequence *Sequence
}

// Sequence is a sequence from which a default draws.
type Sequence struct {
	// Name is qualified and quoted.
	Name string
	OID  uint32
	// Max is the greatest value that the sequence can have; 0 if the sequence descends.
	Max int64
	// Drawable reports whether the role of the connection may draw numbers.
	Drawable bool
	// Settable reports whether the role of the connection may read and set the sequence.
	Settable bool
}

// An expression does not list in pg_depend which functions of Postgres itself it calls, so they are
// read from its tree. A default of a domain has no tree of its own in pg_attrdef. The sequence of an
// identity depends on the column; the default of a serial depends on its sequence.
const defaultsSQL = `
SELECT a.attname, coalesce(e.expression, ''),
       a.attidentity <> '' OR EXISTS (
         SELECT FROM regexp_matches(e.tree, ':(?:op)?funcid (\d+)', 'g') AS m (ids) JOIN pg_proc p ON p.oid = m.ids[1]::oid
         WHERE p.provolatile = 'v'),
       s.name, s.oid, s.max, s.drawable, s.settable
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
CROSS JOIN LATERAL (
  SELECT CASE WHEN d.oid IS NOT NULL THEN pg_get_expr(d.adbin, d.adrelid) WHEN t.typtype = 'd' THEN pg_get_expr(t.typdefaultbin, 0) END AS expression,
         CASE WHEN d.oid IS NOT NULL THEN d.adbin WHEN t.typtype = 'd' THEN t.typdefaultbin END::text AS tree) e
LEFT JOIN LATERAL (
  SELECT format('%I.%I', n.nspname, c.relname) AS name, c.oid, CASE WHEN q.seqincrement > 0 THEN q.seqmax ELSE 0 END AS max,
         has_sequence_privilege(c.oid, 'USAGE, UPDATE') AS drawable,
         has_sequence_privilege(c.oid, 'UPDATE') AND has_sequence_privilege(c.oid, 'SELECT') AS settable
  FROM pg_depend k
  JOIN pg_class c ON c.relkind = 'S' AND c.oid = CASE WHEN k.classid = 'pg_class'::regclass THEN k.objid ELSE k.refobjid END
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_sequence q ON q.seqrelid = c.oid
  WHERE k.classid = 'pg_attrdef'::regclass AND k.objid = d.oid AND k.refclassid = 'pg_class'::regclass
     OR a.attidentity <> '' AND k.classid = 'pg_class'::regclass AND k.refclassid = 'pg_class'::regclass
        AND k.refobjid = a.attrelid AND k.refobjsubid = a.attnum AND k.deptype = 'i'
  LIMIT 1) s ON true
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND (a.attidentity <> '' OR e.expression IS NOT NULL)
ORDER BY a.attnum`

// ReadDefaults reads the defaults of the table's columns in the order of the columns. Those of an automatically
// updatable view are those of its table.
func ReadDefaults(ctx context.Context, db DB, d *Definition) ([]Default, error) {
	defaults, err := collect(ctx, db, defaultsSQL, d.Base(), func(row pgx.CollectableRow) (v Default, err error) {
		var name *string
		var oid *uint32
		var limit *int64
		var drawable, settable *bool
		if err := row.Scan(&v.Column, &v.Expression, &v.Volatile, &name, &oid, &limit, &drawable, &settable); err != nil || name == nil {
			return v, err
		}
		v.Sequence = &Sequence{Name: *name, OID: *oid, Max: *limit, Drawable: *drawable, Settable: *settable}
		return v, nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading its defaults: %w", err)
	}
	for i := range defaults {
		defaults[i].Column = d.Rename([]string{defaults[i].Column})[0]
	}
	return slices.DeleteFunc(defaults, func(v Default) bool { return v.Column == "" }), nil
}
