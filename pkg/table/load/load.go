// Package load writes the valid records of a chunk into a collection's table, inside the caller's
// transaction. It encodes the raw JSON values as binary COPY rows itself, copies them straight into
// the table, and falls back to other statements where keys exist already. All writers lock keys in
// the same order, and so do all write modes:
//
//   - One COPY writes new rows that leave out different columns, because their defaults are filled in
//     (fill.go). If keys exist, one upsert does (upsert_sql.go).
//   - Rows that must or do exist are locked in the order of keys, and then changed by one statement for
//     each set of columns (change.go).
//   - All others are written one by one in the order of keys by a block of PL/pgSQL (walk.go).
package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Result reports the outcome of each record of a batch. It is valid until the batch is reset or
// loaded again.
type Result struct {
	// Outcomes has an element for each record in the order in which they were added; Batch.Row
	// returns its row number.
	Outcomes []operation.Outcome
	// Rejected lists the records that Postgres rejected, by row number. The caller sets Received.
	Rejected []operation.Rejection
	// SupersededBy is the greatest number of an import whose row in the table superseded a record; 0
	// if there is none.
	SupersededBy int64
	// Warnings are for those who maintain the table: a sequence that could not be advanced.
	Warnings []string
}

// Load writes the batch into the table as rows of the import with the number, inside the caller's
// transaction, which must be rolled back if Load returns an error.
//
// Of several records with the same key, Replace and Delete use the last, and Insert the first. Merge and
// Update apply one after the other. If the table has bookkeeping columns, a row that a later import or
// a later row of this import wrote is not changed. A record that Postgres rejects does not affect the
// others: the record before it with the same key, if any, is written instead. A trigger of the table may
// change a row; a row that it drops is rejected.
//
// Concurrent transactions that load one batch each cannot deadlock on keys, because they write them
// in the same order. If another unique constraint causes a deadlock, Load returns Postgres's error
// (SQLSTATE 40P01) and the transaction can be retried.
func (b *Batch) Load(ctx context.Context, tx pgx.Tx, importNumber int64) (Result, error) {
	b.setImportNumber(importNumber)
	l, unreadable, err := b.begin(ctx, tx)
	if err != nil {
		return Result{}, err
	}
	for row, rejection := range unreadable {
		l.refuse(row, rejection)
	}
	if err := l.loadAll(ctx, importNumber); err != nil {
		return Result{}, err
	}
	l.settleAside()
	slices.SortFunc(b.rejected, func(x, y operation.Rejection) int { return cmp.Compare(x.Row, y.Row) })
	return Result{Outcomes: b.outcomes, Rejected: b.rejected, SupersededBy: l.supersededBy, Warnings: l.warnings}, nil
}

// begin arranges the batch for a call of Load or LoadGroup, and returns the errors of the keys that Postgres can't read.
func (b *Batch) begin(ctx context.Context, tx pgx.Tx) (l *loader, unreadable map[int32]*pgconn.PgError, err error) {
	b.rejected = nil
	l = &loader{
		conn: tx.Conn().PgConn(), batch: b, table: b.table, mode: b.writing.Mode,
		orphaned: make(map[int32]*pgconn.PgError),
	}
	if unreadable, err = l.rank(ctx); err != nil {
		return nil, nil, fmt.Errorf("ranking the keys of %s: %w", b.table.name, markChanged(err))
	}
	b.arrange()
	return l, unreadable, nil
}

// loader is the state of one call of Load or LoadGroup.
type loader struct {
	conn  *pgconn.PgConn
	batch *Batch
	table *Table
	mode  collection.WriteMode
	// omitted has the columns that a row leaves out of an INSERT, for each set of absent columns.
	omitted []string
	ways    ways
	// useCopy reports whether the next attempt copies the rows.
	useCopy bool
	// conflict reports whether a key existed in the table, and dense whether more than one in a hundred
	// rows was refused for a reason that no query finds.
	conflict, dense bool
	// sharesUnique reports whether a unique key other than the collection's refused a row of the batch.
	sharesUnique bool
	// unreturned are rows that an upsert has sent and not returned.
	unreturned []int32
	// blocked are rows that are refused if another row of the batch is written.
	blocked []refusal
	// orphaned has the reason of each row that a walk found without its parent.
	orphaned     map[int32]*pgconn.PgError
	supersededBy int64
	warnings     []string
}

func (l *loader) loadAll(ctx context.Context, importNumber int64) error {
	if len(l.batch.winners) == 0 {
		return nil
	}
	if err := l.checkImmediately(ctx); err != nil {
		return err
	}
	if err := l.loadRows(ctx, importNumber); err != nil {
		return fmt.Errorf("writing to %s: %w", l.table.name, markChanged(err))
	}
	l.table.dense.record(importNumber, l.dense)
	l.table.conflicts.record(importNumber, l.conflict)
	l.table.refusals.record(importNumber, len(l.batch.rejected) > 0)
	return nil
}

// checkImmediately makes Postgres check deferrable constraints after each statement.
func (l *loader) checkImmediately(ctx context.Context) error {
	if !l.table.deferrable {
		return nil
	}
	return l.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
}

func (l *loader) loadRows(ctx context.Context, importNumber int64) error {
	if err := l.prepare(ctx); err != nil {
		return err
	}
	l.ways = l.chooseWays()
	if !l.table.kinds.upserts && l.table.keyLength > 0 {
		if err := l.lockTable(ctx); err != nil {
			return err
		}
	}
	l.useCopy = l.ways.copySQL != "" && !l.table.rowSecurity && !l.table.conflicts.expected(importNumber)
	if l.useCopy && l.table.keyLength > 0 && l.drawsNumbers() {
		exists, err := l.anyExists(ctx)
		if err != nil {
			return err
		}
		l.useCopy = !exists
	}
	load := l.load
	if !l.ways.evaluable {
		load = l.loadUnevaluated
	}
	if err := load(ctx, l.table.refusals.expected(importNumber), l.table.dense.expected(importNumber)); err != nil {
		return err
	}
	return l.advanceSequences(ctx)
}

// load writes all rows with one statement if Postgres refuses none of them. Otherwise it removes the
// rows that violate a constraint that queries can evaluate, and tries once more; if check is true it
// does so at once. Rows that Postgres still refuses are found by writing less at once. If dense is
// true, they are many, and are found by writing row by row at once.
func (l *loader) load(ctx context.Context, check, dense bool) error {
	rows, tried := l.batch.winners, []int32(nil)
	for {
		if check {
			var err error
			if rows, err = l.dropKnown(ctx, rows); err != nil {
				return err
			}
		}
		refused := check && len(rows) > 0 && (dense || slices.Equal(rows, tried))
		if !refused {
			var err error
			if refused, err = l.write(ctx, rows); err != nil {
				return err
			}
		}
		switch {
		case !refused:
			return l.loadBlocked(ctx)
		case check && dense:
			return l.loadParts(ctx, rows, len(rows))
		case check:
			return l.loadParts(ctx, rows, max(minPart, len(rows)/maxParts))
		}
		tried, check = rows, true
	}
}

// write writes rows, which are in the order of keys, in a savepoint. It reports whether Postgres
// refused one of them; then it has written none.
func (l *loader) write(ctx context.Context, rows []int32) (refused bool, err error) {
	if len(rows) == 0 {
		return false, nil
	}
	if l.useCopy {
		switch err := l.copyRows(ctx, l.copied(rows)); {
		case err == nil:
			l.settleCopied(rows)
			return false, l.exec(ctx, releaseSQL)
		case l.refusesRow(err):
			l.noteUnique(err)
			return true, l.exec(ctx, rollbackSQL)
		case !errors.Is(err, errDropped) && !isStatementError(err):
			return false, err
		}
		// A key exists. Citus reports that with another code (XX000), so an error that is not known
		// is no reason to give up: if it has another cause, the upsert meets it again.
		l.useCopy = false
		if err := l.exec(ctx, rollbackSQL); err != nil {
			return false, err
		}
	}
	if l.ways.upsert.sql == "" {
		return l.change(ctx, rows)
	}
	err = l.upsertRows(ctx, rows)
	switch {
	case err == nil:
		if err := l.settleUnreturned(ctx); err != nil {
			return false, err
		}
		return false, l.exec(ctx, releaseSQL)
	case rejectionOf(err) != nil || errors.Is(err, errDropped):
		l.noteUnique(err)
		return true, l.exec(ctx, rollbackSQL)
	}
	return false, err
}

// noteUnique sets sharesUnique if the error is that of a unique key other than the collection's.
func (l *loader) noteUnique(err error) {
	rejection := rejectionOf(err)
	l.sharesUnique = l.sharesUnique || rejection != nil && rejection.Code == uniqueViolation &&
		slices.Contains(l.table.conditions.secondary, rejection.ConstraintName)
}

// refusesRow reports whether Postgres refused a row of a COPY for another reason than that its key
// exists.
func (l *loader) refusesRow(err error) bool {
	rejection := contentErrorOf(err)
	if rejection != nil && l.mode == collection.Merge && rejection.Code == notNullViolation {
		return false // the row may exist, and then keeps its value
	}
	return rejection != nil &&
		(rejection.Code != uniqueViolation || slices.Contains(l.table.conditions.secondary, rejection.ConstraintName))
}

// refuse marks a record as rejected by Postgres. It has superseded nothing, so the caller writes the
// record before it with the same key instead.
func (l *loader) refuse(row int32, rejection *pgconn.PgError) {
	reason := l.table.explain(rejection)
	if l.mode == collection.Delete && rejection.Code == foreignKeyViolation {
		reason.Message = "another row refers to this one by the foreign key \"" + rejection.ConstraintName + "\""
	}
	l.reject(row, reason)
}

func (l *loader) reject(row int32, reason operation.Reason) {
	l.batch.outcomes[row] = operation.Rejected
	l.batch.rejected = append(l.batch.rejected, operation.Rejection{Row: l.batch.Row(int(row)), Reasons: []operation.Reason{reason}})
}

// Each attempt runs in a savepoint.
const (
	savepointSQL = "SAVEPOINT longshore_load"
	releaseSQL   = "RELEASE SAVEPOINT longshore_load"
	rollbackSQL  = "ROLLBACK TO SAVEPOINT longshore_load; RELEASE SAVEPOINT longshore_load"
)

func (l *loader) exec(ctx context.Context, sql string) error {
	return l.conn.Exec(ctx, sql).Close()
}
