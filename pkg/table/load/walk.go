package load

import (
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/operation"
)

// walker writes rows one by one with a block of PL/pgSQL, so that a refused row costs no round trip.
type walker struct {
	*loader
	// rows are the rows that the block reads: each row, and behind it the earlier rows with its key,
	// which are marked as spare. The block writes a spare row only if the row before it is refused. In a
	// mode that applies all records, they are in the order of records, and none is spare.
	rows  []int32
	spare []bool
	// unreadable has the reason of each row that Postgres cannot read, such as one with NULL in a
	// domain that refuses NULL.
	unreadable map[int32]*pgconn.PgError
	// declared reports whether Postgres could read all rows.
	declared bool
	// wrote is how many rows Postgres has not refused.
	wrote int
	// orphans are rows without their parent, which may come later.
	orphans []int32
}

// walk writes rows one by one, in the order of keys, and refuses those that Postgres refuses. A row
// without its parent in the same table is tried again after the others.
func (l *loader) walk(ctx context.Context, rows []int32) error {
	sequence, spare := l.chains(rows)
	for len(sequence) > 0 {
		w := walker{loader: l, rows: sequence, spare: spare, unreadable: make(map[int32]*pgconn.PgError)}
		if err := w.run(ctx); err != nil {
			return err
		}
		left := w.orphans
		switch {
		case w.wrote > 0 && len(l.table.selfReferences) > 0:
		case l.awaitsParents():
			l.refuseChains(left)
			left = nil
		default:
			left = l.refuseOrphans(left)
		}
		if sequence, spare = left, make([]bool, len(left)); !l.ways.sequential {
			sequence, spare = l.chains(left)
		}
	}
	l.settleChains(rows)
	return nil
}

// awaitsParents reports whether rows wait for one with the same key whose parent may come after the batch.
func (l *loader) awaitsParents() bool { return l.batch.awaits && l.ways.sequential }

// refuseChains refuses orphans and the rows that wait for one of them, for the same reason.
func (l *loader) refuseChains(rows []int32) {
	var reason *pgconn.PgError
	for _, row := range rows {
		if own := l.orphaned[row]; own != nil {
			reason = own
		}
		l.refuse(row, reason)
	}
}

// refuseOrphans refuses rows whose parents neither exist nor can be written, and returns the rows
// before them with the same keys. If all records are applied, it returns those that had to wait for
// one of them, and refuses only the orphans for which they wait: the others may refer to them.
func (l *loader) refuseOrphans(rows []int32) []int32 {
	var others []int32
	waiting := slices.ContainsFunc(rows, func(row int32) bool { return l.orphaned[row] == nil })
	for i, row := range rows {
		isBefore := i+1 < len(rows) && l.batch.previous[rows[i+1]] == row
		if l.orphaned[row] == nil || waiting && !isBefore {
			others = append(others, row)
			continue
		}
		l.refuse(row, l.orphaned[row])
		if before := l.batch.previous[row]; before >= 0 && !l.ways.sequential {
			others = append(others, before)
		}
	}
	return others
}

// run writes the rows. If Postgres cannot read one of them, it finds out which. If rows that were
// written once are refused when they are written again, a trigger decides by more than the row: then
// none is written twice.
func (w *walker) run(ctx context.Context) error {
	err := w.try(ctx, maxRuns)
	if rejectionOf(err) != nil && !w.declared {
		if err := w.exec(ctx, rollbackSQL); err != nil {
			return err
		}
		if err := w.findUnreadable(ctx, w.rows); err != nil {
			return err
		}
		err = w.try(ctx, maxRuns)
	}
	if w.declared && isStatementError(err) {
		if err := w.exec(ctx, rollbackSQL); err != nil {
			return err
		}
		err = w.try(ctx, math.MaxInt32)
	}
	if err != nil {
		return err
	}
	return w.settleUnreturned(ctx)
}

// findUnreadable finds the rows that Postgres cannot read, by halves.
func (w *walker) findUnreadable(ctx context.Context, rows []int32) error {
	w.batch.array = w.batch.appendArray(w.batch.array[:0], rows, nil)
	err := w.query(ctx, "SELECT FROM unnest($1::"+w.table.name+"[])", w.table.format(), func([][]byte) {})
	rejection := rejectionOf(err)
	switch {
	case rejection == nil:
		return err
	case len(rows) == 1:
		w.unreadable[rows[0]] = rejection
		return nil
	}
	if err := w.findUnreadable(ctx, rows[:len(rows)/2]); err != nil {
		return err
	}
	return w.findUnreadable(ctx, rows[len(rows)/2:])
}

// try runs the block in a savepoint, with a single round trip, and settles the rows. After an error
// the caller rolls back.
func (w *walker) try(ctx context.Context, maxRuns int) error {
	pipeline := w.conn.StartPipeline(ctx)
	send := func(sql string, params ...[]byte) {
		pipeline.SendQueryParams(sql, params, nil, []int16{w.table.format()}, nil)
	}
	send(savepointSQL)
	send(w.table.walkRowsSQL(), w.array())
	send(w.walkSQL(maxRuns))
	send("FETCH ALL FROM " + walkResults)
	send("CLOSE " + walkRows)
	send("CLOSE " + walkResults)
	send(releaseSQL)
	err := pipeline.Sync()
	w.declared = false
	for step, synced := 0, false; err == nil && !synced; step++ {
		var results any
		results, err = pipeline.GetResults()
		switch results := results.(type) {
		case *pgconn.ResultReader:
			err = w.readResults(results)
			w.declared = w.declared || err == nil && step == 1
		case *pgconn.PipelineSync:
			synced = true
		}
	}
	if closed := pipeline.Close(); err == nil {
		err = closed
	}
	return err
}

// array encodes the rows, and NULL for those that Postgres cannot read.
func (w *walker) array() []byte {
	rows := w.rows
	if len(w.unreadable) > 0 {
		rows = slices.Clone(rows)
		for i, row := range rows {
			if w.unreadable[row] != nil {
				rows[i] = noRow
			}
		}
	}
	w.batch.array = w.batch.appendArray(w.batch.array[:0], rows, nil)
	return w.batch.array
}

// flags returns the flags of each row.
func (w *walker) flags() []byte {
	flags := make([]byte, len(w.rows))
	for i, row := range w.rows {
		if w.spare[i] {
			flags[i] |= spareFlag
		}
		if w.unreadable[row] != nil {
			flags[i] |= unreadableFlag
		}
		if w.ways.sequential && i > 0 && w.batch.previous[row] == w.rows[i-1] {
			flags[i] |= nextFlag
		}
	}
	return flags
}

// readResults settles the rows by the results of the block, one for each row in the order of rows.
func (w *walker) readResults(results *pgconn.ResultReader) error {
	for i := 0; results.NextRow(); i++ {
		w.settle(w.rows[i], results.Values())
	}
	_, err := results.Close()
	return err
}

// settle sets the outcome of a row. values are the outcome and, of a refused row, its SQLSTATE, its
// column, its constraint and, if a RAISE caused it, its message.
func (w *walker) settle(row int32, values [][]byte) {
	rejection := w.unreadable[row]
	if rejection == nil {
		rejection = &pgconn.PgError{Code: string(values[1]), ColumnName: string(values[2]), ConstraintName: string(values[3])}
		if values[4] != nil {
			rejection.Routine, rejection.Message = raiseRoutine, string(values[4])
		}
	}
	switch string(values[0]) {
	case walkCreated:
		w.batch.outcomes[row] = operation.Created
		w.wrote++
	case walkUpdated:
		w.batch.outcomes[row] = operation.Updated
		w.conflict = true
		w.wrote++
	case walkExists:
		w.conflict = true
		w.settleExisting(row)
	case walkMissing:
		w.settleMissing(row)
	case walkUnreturned:
		w.unreturned = append(w.unreturned, row)
		w.wrote++
	case walkOrphaned:
		w.orphans = append(w.orphans, row)
		w.orphaned[row] = rejection
	case walkDeferred:
		w.orphans = append(w.orphans, row)
		delete(w.orphaned, row)
	case walkRefused:
		w.refuse(row, rejection)
	}
}
