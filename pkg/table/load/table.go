// Package target puts the valid records of a chunk into a collection's target table, inside the caller's transaction:
// exactly, in one order of keys that all writers share, and as fast as Postgres takes them. It encodes the raw JSON values
// into binary COPY rows by itself, copies them straight into the table, and goes the way of an upsert where keys exist.
package load

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// The two bookkeeping columns that every target table has: which import, and which of its rows, wrote the record last.
const (
	importNumberColumn = "import_number" // BIGINT
	importRowColumn    = "import_row"    // INT
)

// Table is a collection's target table as the catalog describes it, and how to write to it. It is safe for concurrent use.
type Table struct {
	name pgx.Identifier
	// columns are what is written: after the two bookkeeping columns come the key's in the order of the collection's key, so
	// that a key is one stretch of an encoded row, then the others in the order of the properties.
	columns   []column
	keyLength int
	// rowType is the table's composite type, attributes are its members in the order of the table.
	rowType    uint32
	attributes []attribute
	// deferred: the table has constraints that may be checked as late as at commit.
	deferred bool

	copySQL   string
	upsertSQL string
	occupied  occupancy
}

// attribute is a member of the table's composite type.
type attribute struct {
	typeOID uint32
	// field is the place of the column in an encoded row; -1 if the collection does not declare it.
	field int
}

// Name is the table's quoted and qualified name.
func (t *Table) Name() string { return t.name.Sanitize() }

// prepare writes the two statements. A row of the target is replaced only by a row of a greater (import_number,
// import_row); a row that no import wrote is older than all. The elements of the array are read in storage order, which
// makes the upsert go in the order of keys that Load has chosen.
func (t *Table) prepare() {
	names := []string{importNumberColumn, importRowColumn}
	var keys, assignments []string
	for i, c := range t.columns {
		quoted := pgx.Identifier{c.name}.Sanitize()
		names = append(names, quoted)
		if i < t.keyLength {
			keys = append(keys, quoted)
		}
	}
	selected := make([]string, len(names))
	for i, name := range names {
		selected[i] = "sent." + name
		if i < 2 || i >= 2+t.keyLength {
			assignments = append(assignments, name+" = EXCLUDED."+name)
		}
	}
	table, list := t.name.Sanitize(), strings.Join(names, ", ")
	t.copySQL = "COPY " + table + " (" + list + ") FROM STDIN (FORMAT binary)"
	t.upsertSQL = "INSERT INTO " + table + " AS held (" + list + ")" +
		" SELECT " + strings.Join(selected, ", ") + " FROM unnest($1::" + table + "[]) AS sent" +
		" ON CONFLICT (" + strings.Join(keys, ", ") + ") DO UPDATE SET " + strings.Join(assignments, ", ") +
		" WHERE held.import_number IS NULL OR held.import_row IS NULL" +
		" OR (held.import_number, held.import_row) < (EXCLUDED.import_number, EXCLUDED.import_row)" +
		" RETURNING held.import_row, held.xmax = 0"
}
