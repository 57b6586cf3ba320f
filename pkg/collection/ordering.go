package collection

import "fmt"

// Ordering says which of two rows with the same key stays, whichever is written first.
type Ordering string

const (
	// OrderedByColumns keeps the row of the later import, and of one import the later row. The table has two
	// columns for that: import_number BIGINT and import_row INT.
	OrderedByColumns Ordering = "columns"
	// OrderedByLedger keeps the same row as OrderedByColumns, without columns of Longshore in the table: the keys that
	// are written are kept in a table of Longshore as long as an earlier record may still come.
	OrderedByLedger Ordering = "ledger"
	// Unordered keeps the row that is written last. Of the rows of one chunk, that is the later one; chunks
	// and imports that run at the same time are written in any order. The table needs no columns for that.
	Unordered Ordering = "none"
)

func (o Ordering) check() error {
	switch o {
	case OrderedByColumns, OrderedByLedger, Unordered:
		return nil
	}
	return fmt.Errorf("x-longshore.ordering must be %s, %s or %s, not %q", OrderedByColumns, OrderedByLedger, Unordered, string(o))
}
