package load

import (
	"cmp"
	"context"
	"slices"
)

// After a refusal, the rows of a batch are written in up to maxParts parts, so that one refused row
// among many does not cause all of them to be written one by one. Each part is a subtransaction.
// Smaller parts than of minPart rows are not faster than single rows.
const (
	maxParts = 24
	minPart  = 64
)

// loadParts writes rows, and those that another row blocks, in parts of so many rows. Those of a part
// of which Postgres refuses one, and all rows if there is only one part, it writes one by one. If a second unique key has
// refused a row, and no query finds which rows of the batch have the same value, they are written in the order of records, so that
// the first of them is kept. Another transaction that writes the same keys may then end this one in a deadlock, after which the
// chunk is processed again.
func (l *loader) loadParts(ctx context.Context, rows []int32, size int) error {
	rows = l.withBlocked(rows)
	if l.sharesUnique && !l.ways.evaluable {
		rows = slices.Clone(rows)
		slices.SortFunc(rows, func(x, y int32) int { return cmp.Compare(l.batch.Row(int(x)), l.batch.Row(int(y))) })
	}
	if len(l.table.selfReferences) > 0 { // the parent of a row may be in a later part
		size = len(rows)
	}
	known := len(l.batch.rejected)
	for part := range slices.Chunk(rows, max(1, size)) {
		refused := true
		if len(part) < len(rows) {
			var err error
			if refused, err = l.write(ctx, part); err != nil {
				return err
			}
		}
		if refused {
			if err := l.walk(ctx, part); err != nil {
				return err
			}
		}
	}
	l.dense = 100*(len(l.batch.rejected)-known) > len(rows)
	return nil
}
