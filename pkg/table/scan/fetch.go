package scan

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// How many rows are fetched at once: few at first, because they may be large, then more, but never so many that rows which are suddenly large
// would make the last fetch a heavy one.
const (
	firstFetch  = 8
	fetchGrowth = 4
	mostFetched = 256
)

// lazily selects from a statement that sorts plain columns, so that also a sort does not make the JSON of rows that are not fetched, nor read
// their large values. A scan of the inner one keeps its order, as cursors have no parallel plans.
func lazily(selected, sorted string) string {
	return "SELECT " + selected + " FROM (" + sorted + ") AS held"
}

// fetch reads the result of a statement through a cursor: what is behind the row where it stops is neither sent nor made. A plain query
// would send its whole result, even to who closes it early.
type fetch struct {
	// room is about how many bytes are wanted, size how many there are.
	room, size int
}

// run calls visit for each row until that wants no more; it tells how large the row was.
func (f *fetch) run(ctx context.Context, tx pgx.Tx, sql string, args []any, visit func(values [][]byte) (size int, more bool)) error {
	if _, err := tx.Exec(ctx, "DECLARE longshore_page NO SCROLL CURSOR FOR "+sql, args...); err != nil {
		return refused(err)
	}
	seen, more := 0, true
	for n := firstFetch; more; n = f.next(n, seen) {
		got := 0
		rows, err := tx.Query(ctx, "FETCH "+strconv.Itoa(n)+" FROM longshore_page", pgx.QueryExecModeExec) // no statement to be kept
		if err != nil {
			return refused(err)
		}
		for more && rows.Next() {
			var size int
			size, more = visit(rows.RawValues())
			f.size += size
			got++
		}
		rows.Close()
		if rows.Err() != nil {
			return refused(rows.Err())
		}
		more = more && got == n
		seen += got
	}
	_, err := tx.Exec(ctx, "CLOSE longshore_page")
	return err
}

// next is how many rows are fetched after n: as many as fill the room if they are like those that were seen.
func (f *fetch) next(n, seen int) int {
	average := max(f.size/max(seen, 1), 1)
	fitting := max(f.room-f.size, 0)/average + 1
	return min(n*fetchGrowth, mostFetched, fitting)
}
