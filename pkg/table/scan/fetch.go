package scan

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// The first fetch reads few rows, because they may be large. Later ones read more, but never so
// many that a sudden run of large rows would make one fetch expensive.
const (
	firstFetch  = 8
	fetchGrowth = 4
	maxFetch    = 256
)

// lazily selects from a statement that sorts plain columns, so that a sort neither reads the large
// values of rows that are not fetched nor converts them to JSON. The scan of a subquery keeps its
// order, because cursors have no parallel plans.
func lazily(selected, sorted string) string {
	return "SELECT " + selected + " FROM (" + sorted + ") AS t"
}

// fetch reads the result of a statement through a cursor. Rows after the one where it stops are
// neither computed nor sent; a plain query would send its whole result even if it is closed early.
type fetch struct {
	maxBytes int // approximate
	size     int // of the rows read so far, in bytes
}

// run calls visit for each row until visit returns false. visit also returns the size of the row in
// bytes.
func (f *fetch) run(ctx context.Context, tx pgx.Tx, sql string, args []any, visit func(values [][]byte) (size int, more bool)) error {
	if _, err := tx.Exec(ctx, "DECLARE longshore_page NO SCROLL CURSOR FOR "+sql, args...); err != nil {
		return queryFault(err)
	}
	total, more := 0, true
	for n := firstFetch; more; n = f.next(n, total) {
		fetched := 0
		rows, err := tx.Query(ctx, "FETCH "+strconv.Itoa(n)+" FROM longshore_page", pgx.QueryExecModeExec) // do not cache the statement
		if err != nil {
			return queryFault(err)
		}
		for more && rows.Next() {
			var size int
			size, more = visit(rows.RawValues())
			f.size += size
			fetched++
		}
		rows.Close()
		if rows.Err() != nil {
			return queryFault(rows.Err())
		}
		more = more && fetched == n
		total += fetched
	}
	_, err := tx.Exec(ctx, "CLOSE longshore_page")
	return err
}

// next returns the number of rows of the fetch after one of n rows: as many as fill maxBytes if
// they are as large as the average of those read so far, whose number is total.
func (f *fetch) next(n, total int) int {
	average := max(f.size/max(total, 1), 1)
	fitting := max(f.maxBytes-f.size, 0)/average + 1
	return min(n*fetchGrowth, maxFetch, fitting)
}
