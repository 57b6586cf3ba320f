package load

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/collection"
)

// A row is sent as a value of the table's composite type, and Postgres reads no such value with NULL in
// a domain that refuses NULL. In the modes that leave columns of existing rows alone, the value of an
// absent member is not used, so another value is sent for it: the one of any row of the table. Such a
// column is omitted from an INSERT, which Postgres then refuses with the right reason.
//
// The value of a column that the collection does not declare is not used in any mode. If it is of a domain, which may refuse
// NULL by a CHECK too, the value of a row of the table or the column's default is sent for it.

// readFillers sets the batch's fillers, one for each attribute that needs one.
func (l *loader) readFillers(ctx context.Context) error {
	l.batch.fillers = nil
	var filled []int
	var values []string
	for i, a := range l.table.attributes {
		if a.unset || a.refusesNull && a.field >= 0 && keepsAbsent(l.mode) {
			filled, values = append(filled, i), append(values, l.table.fillerSQL(a))
		}
	}
	if filled == nil {
		return nil
	}
	result := l.conn.ExecParams(ctx, "SELECT "+strings.Join(values, ", "), nil, nil, nil, []int16{l.table.format()}).Read()
	if result.Err != nil || len(result.Rows) == 0 {
		return result.Err
	}
	l.batch.fillers = l.table.fillers(filled, result)
	return nil
}

// fillerSQL returns the SQL of a value for an attribute. Of a table without a key the role may not be allowed to read rows.
func (t *Table) fillerSQL(a attribute) string {
	var values []string
	if t.keyLength > 0 {
		values = append(values, "(SELECT "+quote(a.name)+" FROM "+t.name+" LIMIT 1)")
	}
	if a.standard != "" {
		values = append(values, a.standard)
	}
	if values == nil {
		return "NULL"
	}
	return "coalesce(" + strings.Join(values, ", ") + ")"
}

// fillers returns the values of a row for attributes, by the attribute, with their length words if they are binary.
func (t *Table) fillers(filled []int, row *pgconn.Result) [][]byte {
	fillers := make([][]byte, len(t.attributes))
	for n, i := range filled {
		if value := row.Rows[0][n]; t.textual {
			fillers[i] = value
		} else if value != nil {
			fillers[i] = sized(value)
		}
	}
	return fillers
}

// filler returns the value to send instead of NULL for the attribute; nil if there is none.
func (b *Batch) filler(attribute int) []byte {
	if b.fillers == nil {
		return nil
	}
	return b.fillers[attribute]
}

// needsFiller reports whether an INSERT in this mode must omit the column if it is absent, because
// another value is sent for it.
func (l *loader) needsFiller(column int) bool {
	if l.mode != collection.Merge {
		return false
	}
	for _, a := range l.table.attributes {
		if a.field == l.table.bookkeeping+column {
			return a.refusesNull
		}
	}
	return false
}
