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

// readFillers sets the batch's fillers, one for each attribute that needs one.
func (l *loader) readFillers(ctx context.Context) error {
	l.batch.fillers = nil
	if !keepsAbsent(l.mode) {
		return nil
	}
	var names []string
	for _, a := range l.table.attributes {
		if a.refusesNull {
			names = append(names, quote(a.name))
		}
	}
	if names == nil {
		return nil
	}
	sql := "SELECT " + strings.Join(names, ", ") + " FROM " + l.table.name + " LIMIT 1"
	result := l.conn.ExecParams(ctx, sql, nil, nil, nil, []int16{l.table.format()}).Read()
	if result.Err != nil || len(result.Rows) == 0 {
		return result.Err
	}
	l.batch.fillers = l.table.fillers(result)
	return nil
}

// fillers returns the values of a row, by the attribute, with their length words if they are binary.
func (t *Table) fillers(row *pgconn.Result) [][]byte {
	fillers := make([][]byte, len(t.attributes))
	n := 0
	for i, a := range t.attributes {
		if !a.refusesNull {
			continue
		}
		if value := row.Rows[0][n]; t.textual {
			fillers[i] = value
		} else if value != nil {
			fillers[i] = sized(value)
		}
		n++
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
