package load

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// relation is a table as the catalog holds it.
type relation struct {
	OID      uint32
	schema   string
	name     string
	kind     string
	rowType  uint32
	deferred bool
	columns  []catalogColumn
	indexes  []catalogIndex
}

// catalogColumn is a column; of a domain, baseType and modifier are those of the type below it.
type catalogColumn struct {
	name        string
	typeOID     uint32
	typeName    string
	baseType    uint32
	elementType uint32
	modifier    int
	// required: NULL is refused; filled: without a value it gets one by itself; generated: it takes none.
	required, filled, generated bool
	enum                        bool
	deterministic               bool
}

// catalogIndex is a unique index. usable: ON CONFLICT finds it for every row, by the bytes of the key.
type catalogIndex struct {
	columns []string
	usable  bool
}

const relationSQL = `
SELECT c.oid, n.nspname, c.relname, c.relkind::text, c.reltype,
       EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.condeferrable)
       OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgdeferrable)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1)`

const columnsSQL = `
SELECT a.attname, a.atttypid, format_type(a.atttypid, a.atttypmod), base.oid, coalesce(element.oid, 0), below.modifier,
       a.attnotnull OR below.required,
       a.atthasdef AND NOT below.required OR a.attidentity <> '',
       a.attgenerated <> '' OR a.attidentity = 'a',
       base.typtype = 'e',
       coalesce(l.collisdeterministic, true)
FROM pg_attribute a
CROSS JOIN LATERAL (
  WITH RECURSIVE layers (type, modifier, required) AS (
    SELECT a.atttypid, a.atttypmod, false
    UNION ALL
    SELECT t.typbasetype, CASE WHEN s.modifier = -1 THEN t.typtypmod ELSE s.modifier END, s.required OR t.typnotnull
    FROM layers s JOIN pg_type t ON t.oid = s.type AND t.typtype = 'd')
  SELECT * FROM layers) below
JOIN pg_type base ON base.oid = below.type AND base.typtype <> 'd'
LEFT JOIN pg_type element ON element.typarray = base.oid
LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`

const indexesSQL = `
SELECT array_agg(coalesce(a.attname, '') ORDER BY k.place),
       bool_and(i.indisvalid AND i.indisready AND i.indimmediate AND i.indpred IS NULL
                AND a.attname IS NOT NULL AND coalesce(l.collisdeterministic, true))
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indcollation::oid[]) WITH ORDINALITY AS k (attnum, collation_oid, place)
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
LEFT JOIN pg_collation l ON l.oid = k.collation_oid
WHERE i.indrelid = $1 AND i.indisunique AND k.place <= i.indnkeyatts
GROUP BY i.indexrelid`

// errNoTable says what to do when there is none.
var errNoTable = errors.New("there is no such table: create it, or correct x-longshore.table")

// readCatalog reads the table called name.
func readCatalog(ctx context.Context, db Catalog, name string) (*relation, error) {
	rows, err := db.Query(ctx, relationSQL, pgx.Identifier(strings.Split(name, ".")).Sanitize())
	if err != nil {
		return nil, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (*relation, error) {
		var r relation
		return &r, row.Scan(&r.OID, &r.schema, &r.name, &r.kind, &r.rowType, &r.deferred)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNoTable
	}
	if err != nil {
		return nil, err
	}
	if r.columns, err = readColumns(ctx, db, r.OID); err != nil {
		return nil, fmt.Errorf("reading its columns: %w", err)
	}
	if r.indexes, err = readIndexes(ctx, db, r.OID); err != nil {
		return nil, fmt.Errorf("reading its indexes: %w", err)
	}
	return r, nil
}

func readColumns(ctx context.Context, db Catalog, table uint32) ([]catalogColumn, error) {
	rows, err := db.Query(ctx, columnsSQL, table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalogColumn, error) {
		var a catalogColumn
		err := row.Scan(&a.name, &a.typeOID, &a.typeName, &a.baseType, &a.elementType, &a.modifier,
			&a.required, &a.filled, &a.generated, &a.enum, &a.deterministic)
		return a, err
	})
}

func readIndexes(ctx context.Context, db Catalog, table uint32) ([]catalogIndex, error) {
	rows, err := db.Query(ctx, indexesSQL, table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (catalogIndex, error) {
		var i catalogIndex
		return i, row.Scan(&i.columns, &i.usable)
	})
}

// supported names the types that have a codec, as CREATE TABLE does.
const supported = "text, varchar, char, smallint, integer, bigint, numeric, real, double precision, boolean, uuid, date, time," +
	" timestamp, timestamptz, json, jsonb, an enum, or an array of one of these (not of json, jsonb or an enum)"

// resolve finds the codec of the column's type; false if the type is not supported.
func (c *column) resolve(a catalogColumn) bool {
	if a.enum {
		c.codec = codec{types: textCodec.types, form: "one of the type's labels", encode: encodeText}
		return true
	}
	if own, ok := codecs[a.baseType]; ok {
		c.codec = own
		return true
	}
	element, ok := codecs[a.elementType]
	if !ok || len(element.types) == 0 {
		return false
	}
	c.codec, c.element, c.elementOID = arrayCodec, element, a.elementType
	return true
}

// limit reads the type's modifier, which is 4 more than what the column declares (varchar_recv, numeric_recv); an array's
// is that of its elements.
func (c *column) limit(baseType, elementType uint32, modifier int) {
	const header, scaleBits = 4, 0x7ff
	if c.elementOID != 0 {
		baseType = elementType
	}
	if modifier < header {
		return
	}
	switch declared := modifier - header; baseType {
	case pgtype.VarcharOID, pgtype.BPCharOID:
		c.length = declared
	case pgtype.NumericOID:
		c.precision = declared >> 16
		c.scale = (declared&scaleBits ^ (scaleBits+1)/2) - (scaleBits+1)/2 // its highest bit is a sign
	}
}
