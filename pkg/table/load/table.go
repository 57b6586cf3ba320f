package load

import (
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// The two bookkeeping columns of a collection whose rows are ordered by columns. They name the import, and the row
// of the import, that wrote the record last.
const (
	importNumberColumn = "import_number" // BIGINT
	importRowColumn    = "import_row"    // INT
)

// Table is a collection's table with the codecs of its columns and the SQL that writes to it.
// It is safe for concurrent use.
type Table struct {
	name string // qualified and quoted
	// columns are the columns that are written, after the bookkeeping columns: first those of
	// the key in the order of the collection's key, so that a key is contiguous in an encoded row,
	// then the others in the order of the properties.
	columns   []column
	keyLength int
	// bookkeeping is how many bookkeeping columns the table has: 2, or 0 if its rows are not ordered.
	bookkeeping int
	// rowType is the OID of the table's composite type; attributes are its members in the order of
	// the table.
	rowType    uint32
	attributes []attribute
	// kinds says what Postgres can do with the table.
	kinds kinds
	// deferrable reports whether a constraint or trigger of the table can be deferred until commit.
	deferrable bool
	// textual reports whether rows are sent in text format, because a column has no codec.
	textual bool
	// ledger reports whether the rows are ordered by the keys that later chunks have written.
	ledger bool
	// hideMessages reports whether reasons leave out the messages that triggers raise.
	hideMessages bool

	// writing is how the collection's records are written; access is what the role may do.
	writing collection.Writing
	access  *table.Access
	// incomplete says why no row can be created; nil if rows can be created.
	incomplete error
	// undeclared are the defaults, of columns that the collection does not declare, that draw from a sequence.
	undeclared []table.Default

	copySQL   string
	upsertSQL string
	// laterSQL, which is empty if the rows are not ordered, returns the row number of each row that a row of the table supersedes, and the number
	// of the import that wrote that row.
	laterSQL string
	// written are the columns that are written, quoted; onConflict is the end of each upsert.
	written    []string
	onConflict string
	conditions conditions
	// ranking compares the keys of a batch, unless their encodings do.
	ranking ranking
	// selfReferences are the names of the foreign keys to the table itself.
	selfReferences []string
	// checked are the columns of the CHECK constraints that use exactly one column, by the names of the constraints.
	checked map[string]string
	// rowSecurity reports whether row-level security applies to the role, which COPY does not support.
	rowSecurity bool
	// rowTriggers are the triggers that may change or drop rows.
	rowTriggers []string
	// lookups fill members of the collection with values of other tables.
	lookups []*Lookup
	// conflicts remembers imports that found existing keys, for which COPY would fail; refusals
	// those whose rows were refused, so that the conditions are evaluated before the first attempt;
	// dense those of whose rows many were refused for reasons that no query finds.
	conflicts, refusals, dense hints
}

// attribute is a member of the table's composite type.
type attribute struct {
	name    string
	typeOID uint32
	// field is the index of the column in an encoded row; -1 if the collection does not declare it.
	field int
	// refusesNull reports whether the attribute is a column of a domain and NOT NULL, so that a row with
	// NULL may not even be read.
	refusesNull bool
	// unset reports whether the attribute is a column of a domain that the collection does not declare. standard is the default
	// of such a column, empty without any.
	unset    bool
	standard string
}

// buildSQL builds the COPY and the upsert. If the rows are ordered, the upsert replaces a row only by a row with a greater
// (import_number, import_row); a row that no import wrote is older than all others. Postgres reads
// the elements of the array in their order, so the upsert locks keys in the order that Load has
// chosen.
func (t *Table) buildSQL() {
	names := []string{importNumberColumn, importRowColumn}[:t.bookkeeping]
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
		selected[i] = "incoming." + name
		if i < t.bookkeeping || i >= t.bookkeeping+t.keyLength {
			assignments = append(assignments, name+" = EXCLUDED."+name)
		}
	}
	if len(assignments) == 0 { // a row that exists must be returned
		assignments = append(assignments, keys[0]+" = EXCLUDED."+keys[0])
	}
	t.written = names
	if t.kinds.copies {
		t.copySQL = t.copyInto(names)
	}
	if t.keyLength > 0 {
		t.onConflict = " ON CONFLICT (" + strings.Join(keys, ", ") + ") DO UPDATE SET " + strings.Join(assignments, ", ") + t.updateWhere()
	}
	t.upsertSQL = "SELECT " + strings.Join(selected, ", ") + " FROM unnest($1::" + t.name + "[]) AS incoming"
	switch {
	case t.keyLength == 0:
		t.upsertSQL = t.upsert(t.upsertSQL) + " RETURNING true"
		return
	case t.bookkeeping == 0:
		t.upsertSQL = t.upsert(t.upsertSQL) + " RETURNING " + t.createdSQL()
		return
	}
	t.upsertSQL = t.upsert(t.upsertSQL) + " RETURNING " + t.createdSQL() + ", existing.import_row"
	t.laterSQL = "SELECT incoming.import_row, existing.import_number FROM unnest($1::" + t.name + "[]) AS incoming JOIN " + t.name +
		" AS existing ON " + t.sameKey("existing", "incoming") + " AND " + t.laterThan("existing", "incoming")
}

// copyInto returns the COPY into the columns, which are quoted. Into a partitioned table Postgres writes the rows of each
// partition together, and so not in the order of keys, unless the COPY has a volatile condition.
func (t *Table) copyInto(columns []string) string {
	sql := "COPY " + t.name + " (" + strings.Join(columns, ", ") + ") FROM STDIN"
	if !t.textual {
		sql += " (FORMAT binary)"
	}
	if t.kinds.partitioned && t.keyLength > 0 {
		sql += " WHERE random() >= 0"
	}
	return sql
}

// upsert returns the statement that writes the rows of source, a query or VALUES.
func (t *Table) upsert(source string) string {
	return "INSERT INTO " + t.name + " AS existing (" + strings.Join(t.written, ", ") + ") " + source + t.onConflict
}
