package load

import (
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// maxWindow and maxWindowBytes bound the rows that a walk sends at once.
const (
	maxWindow      = 256
	maxWindowBytes = 1 << 20
)

// walker writes rows one by one, in the order of keys, and refuses those that Postgres refuses. It
// sends a window of rows at once, without waiting for their results; the window grows while no row
// is refused.
//
// A refused row undoes what was written since the last savepoint, so the rows before it are written
// again, in a segment with a savepoint of its own. Two neighbouring segments of the same rank are
// written again as one of the next rank. So there are at most as many savepoints as the binary
// logarithm of the number of refused rows. More than 64 written ones in a transaction would slow
// down every other session (PGPROC_MAX_CACHED_SUBXIDS).
type walker struct {
	*loader
	rows []int32
	// written are the segments that are complete; open is the one that follows.
	written []segment
	open    segment
	// next is the index of the row that is sent next.
	next   int
	window int
	// wrote is how many rows were written in the end.
	wrote int
	// commands are sent before the next rows.
	commands []string
	// orphans are rows without their parent, which may come later.
	orphans []int32
}

// segment is a range of rows that were written after the same savepoint. It ends where the next one
// starts.
type segment struct {
	start, rank int
	// unreturned is how many rows before the segment were not returned.
	unreturned int
}

// walk writes rows one by one. A refused row costs a round trip and, if Postgres has written a row
// since the last savepoint, transaction ids.
func (l *loader) walk(ctx context.Context, rows []int32) error {
	for len(rows) > 0 {
		w := walker{loader: l, rows: slices.Clone(rows), window: 1}
		if err := w.run(ctx); err != nil {
			return err
		}
		rows = w.orphans
		if w.wrote == 0 {
			rows = l.refuseOrphans(rows)
		}
	}
	return nil
}

// refuseOrphans refuses rows whose parents neither exist nor can be written, and returns the rows
// before them with the same keys.
func (l *loader) refuseOrphans(rows []int32) []int32 {
	var earlier []int32
	for _, row := range rows {
		l.refuse(row, l.orphaned[row])
		if before := l.batch.previous[row]; before >= 0 {
			earlier = append(earlier, before)
		}
	}
	return earlier
}

func (w *walker) run(ctx context.Context) error {
	w.commands = []string{"SAVEPOINT " + savepointName(0)}
	w.open.unreturned = len(w.unreturned)
	for w.next < len(w.rows) {
		n, err := w.send(ctx, w.nextRows())
		w.next += n
		if err == nil {
			w.window = min(2*w.window, maxWindow)
			continue
		}
		rejection := rejectionOf(err)
		if rejection == nil {
			return err
		}
		w.window = max(1, n)
		if err := w.undo(ctx); err != nil {
			return err
		}
		w.drop(rejection)
	}
	w.wrote = w.next
	return w.finish(ctx)
}

// nextRows returns the rows of the next window. Together they are at most maxWindowBytes long, unless
// the first is longer.
func (w *walker) nextRows() []int32 {
	end, size := w.next, 0
	for end < len(w.rows) && end-w.next < w.window {
		if size += len(w.batch.encoded(w.rows[end])); size > maxWindowBytes && end > w.next {
			break
		}
		end++
	}
	return w.rows[w.next:end]
}

// undo rolls back the statement that failed, and writes again the rows of the open segment.
func (w *walker) undo(ctx context.Context) error {
	if w.next == w.open.start {
		w.commands = append(w.commands, "ROLLBACK TO SAVEPOINT "+savepointName(len(w.written)))
		return nil
	}
	for n := len(w.written); n > 0 && w.written[n-1].rank == w.open.rank; n-- {
		w.open = w.written[n-1]
		w.open.rank++
		w.written = w.written[:n-1]
	}
	w.unreturned = w.unreturned[:w.open.unreturned]
	w.commands = append(w.commands, "ROLLBACK TO SAVEPOINT "+savepointName(len(w.written)))
	if _, err := w.send(ctx, w.rows[w.open.start:w.next]); err != nil {
		return err
	}
	w.written = append(w.written, w.open)
	w.open = segment{start: w.next, unreturned: len(w.unreturned)}
	w.commands = append(w.commands, "SAVEPOINT "+savepointName(len(w.written)))
	return nil
}

// drop removes the next row. If an earlier row has the same key, that one is sent instead.
func (w *walker) drop(rejection *pgconn.PgError) {
	row := w.rows[w.next]
	if slices.Contains(w.table.selfReferences, rejection.ConstraintName) {
		w.orphans = append(w.orphans, row)
		w.orphaned[row] = rejection
	} else {
		w.refuse(row, rejection)
		if earlier := w.batch.previous[row]; earlier >= 0 {
			w.rows[w.next] = earlier
			return
		}
	}
	w.rows = slices.Delete(w.rows, w.next, w.next+1)
}

// send sends the commands and then rows with one statement each, all in one message, and returns how
// many rows were written before the first that Postgres refuses.
func (w *walker) send(ctx context.Context, rows []int32) (written int, err error) {
	pipeline := w.conn.StartPipeline(ctx)
	for _, command := range w.commands {
		pipeline.SendQueryParams(command, nil, nil, nil, nil)
	}
	written, w.commands = -len(w.commands), nil
	pipeline.SendPrepare("", w.table.upsertSQL, nil)
	format := []int16{pgx.BinaryFormatCode}
	for _, row := range rows {
		pipeline.SendQueryPrepared("", [][]byte{w.batch.appendArray(nil, []int32{row}, nil)}, format, format)
	}
	err = pipeline.Sync()
	for synced := false; err == nil && !synced; {
		var results any
		results, err = pipeline.GetResults()
		switch results := results.(type) {
		case *pgconn.ResultReader:
			if written < 0 {
				_, err = results.Close()
			} else {
				err = w.readWritten(results, rows[written])
			}
			if err == nil {
				written++
			}
		case *pgconn.PipelineSync:
			synced = true
		}
	}
	if closed := pipeline.Close(); err == nil {
		err = closed
	}
	return max(written, 0), err
}

// readWritten reads the result of the statement of one row.
func (w *walker) readWritten(result *pgconn.ResultReader, row int32) error {
	isReturned := false
	for result.NextRow() {
		isReturned = true
		w.setWritten(row, result.Values())
	}
	if _, err := result.Close(); err != nil {
		return err
	}
	if !isReturned {
		w.unreturned = append(w.unreturned, row)
	}
	return nil
}

// finish ends all savepoints.
func (w *walker) finish(ctx context.Context) error {
	if _, err := w.send(ctx, nil); err != nil {
		return err
	}
	if err := w.settleUnreturned(ctx); err != nil {
		return err
	}
	return w.exec(ctx, "RELEASE SAVEPOINT "+savepointName(0))
}

// savepointName returns the name of the savepoint at which the n-th segment begins.
func savepointName(n int) string { return "longshore_walk_" + strconv.Itoa(n) }
