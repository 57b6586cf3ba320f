package collection

import "fmt"

// Ordering says which of two rows with the same key stays, whichever is written first.
type Ordering string

const (
	// OrderedByColumns keeps the row of the later import, and of one import the later row. The table has two
	// columns for that: import_number BIGINT and import_row INT.
	OrderedByColumns Ordering = "columns"
	// Unordered keeps the row that is written last. Of the rows of one chunk, that is the later one; chunks
	// and imports that run at the same time are written in any order. The table needs no columns for that.
	Unordered Ordering = "none"
)

func (o Ordering) check() error {
	switch o {
	case OrderedByColumns, Unordered:
		return nil
	}
	return fmt.Errorf("x-longshore.ordering must be %s or %s, not %q", OrderedByColumns, Unordered, string(o))
}
