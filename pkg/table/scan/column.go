package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// column is a declared member's column.
type column struct {
	name string
	// quoted is the name as SQL, and label the name as JSON with its colon.
	quoted, label string
	// base is the type, below all domains, and typeName how SQL writes it, without limits of length or scale.
	base     uint32
	typeName string
	enum     bool
	// element is the type of an array's items; 0 if it is none.
	element     uint32
	elementName string
}

const columnsSQL = `
WITH RECURSIVE layers (attnum, name, type) AS (
  SELECT attnum, attname, atttypid FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT l.attnum, l.name, t.typbasetype FROM layers l JOIN pg_type t ON t.oid = l.type AND t.typtype = 'd')
SELECT l.name, base.oid, format_type(base.oid, -1), base.typtype = 'e', coalesce(element.oid, 0), coalesce(format_type(element.oid, -1), '')
FROM layers l
JOIN pg_type base ON base.oid = l.type AND base.typtype <> 'd'
LEFT JOIN pg_type element ON element.typarray = base.oid
ORDER BY l.attnum`

// describe reads the columns of the declared members, in the order of the collection.
func describe(ctx context.Context, db DB, c *collection.Collection) ([]column, error) {
	rows, err := db.Query(ctx, columnsSQL, pgx.Identifier(strings.Split(c.Table, ".")).Sanitize())
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (made column, err error) {
		return made, row.Scan(&made.name, &made.base, &made.typeName, &made.enum, &made.element, &made.elementName)
	})
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, unfit(c, errors.New("there is no such table: create it, or correct x-longshore.table"))
	}
	columns := make([]column, len(c.Properties))
	for i, p := range c.Properties {
		at := slices.IndexFunc(all, func(held column) bool { return held.name == p.Name })
		if at < 0 {
			return nil, unfit(c, fmt.Errorf("property %q has no column: add a column of that name or remove the property", p.Name))
		}
		columns[i] = all[at]
		label, err := jsontext.AppendQuote(nil, p.Name)
		if err != nil {
			return nil, err
		}
		columns[i].quoted, columns[i].label = pgx.Identifier{p.Name}.Sanitize(), string(label)+":"
	}
	return columns, nil
}

func isText(oid uint32) bool {
	return oid == pgtype.TextOID || oid == pgtype.VarcharOID || oid == pgtype.BPCharOID
}

// hasText reports whether a search for words looks at the column.
func (c column) hasText() bool { return isText(c.base) || isText(c.element) || c.enum }

// words is the SQL of what a search for words sees of the column.
func (c column) words() string {
	if c.element != 0 {
		return "array_to_string(" + c.quoted + ", ' ')"
	}
	return c.quoted + "::text"
}

func (c column) isDocument() bool { return c.base == pgtype.JSONOID || c.base == pgtype.JSONBOID }

func (c column) isInteger() bool {
	return c.base == pgtype.Int2OID || c.base == pgtype.Int4OID || c.base == pgtype.Int8OID
}

// json is the SQL of the column's value as JSON. Numbers keep their digits; a TIMESTAMP is UTC, as the import takes it.
func (c column) json() string {
	switch {
	case c.isDocument():
		return c.quoted + "::text"
	case c.base == pgtype.TimestampOID:
		return "to_json(" + c.quoted + " AT TIME ZONE 'UTC')::text"
	default:
		return "to_json(" + c.quoted + ")::text"
	}
}

// unfit tells a client that its request can be answered when an operator has mended the table, and the log what is to be mended.
func unfit(c *collection.Collection, why error) error {
	return fault.New(fault.Unavailable, "collection-unavailable",
		"The table of collection %q can't be read just now. An operator has to look at it; try again later.", c.Name).Because(why)
}
