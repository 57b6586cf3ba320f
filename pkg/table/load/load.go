// Package load writes the valid records of a chunk into a collection's table, inside the caller's
// transaction. It encodes the raw JSON values as binary COPY rows itself, copies them straight into
// the table, and falls back to an upsert where keys exist already. All writers lock keys in the
// same order.
package load

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
}

// Load writes the batch into the table as rows of the import with the number, inside the caller's
// transaction, which must be rolled back if Load returns an error.
//
// Of several records with the same key, the last is written. It replaces the existing row unless
// that row belongs to a later import or is a later row of this import. A record that Postgres
// rejects does not affect the others: the record before it with the same key, if any, is written
// instead. A trigger of the table may change a row but not drop it, because Load could not
// distinguish it from a superseded one.
//
// Concurrent transactions that load one batch each cannot deadlock on keys, because they write them
// in the same order. If another unique constraint causes a deadlock, Load returns Postgres's error
// (SQLSTATE 40P01) and the transaction can be retried.
func (b *Batch) Load(ctx context.Context, tx pgx.Tx, importNumber int64) (Result, error) {
	b.setImportNumber(importNumber)
	b.arrange()
	b.rejected = nil
	l := loader{conn: tx.Conn().PgConn(), batch: b, table: b.table}
	if err := l.loadAll(ctx, importNumber); err != nil {
		return Result{}, err
	}
	slices.SortFunc(b.rejected, func(x, y operation.Rejection) int { return cmp.Compare(x.Row, y.Row) })
	return Result{Outcomes: b.outcomes, Rejected: b.rejected}, nil
}

// loader is the state of one call of Load.
type loader struct {
	conn  *pgconn.PgConn
	batch *Batch
	table *Table
	// conflict reports whether a key existed in the table.
	conflict bool
}

func (l *loader) loadAll(ctx context.Context, importNumber int64) error {
	if len(l.batch.winners) == 0 {
		return nil
	}
	if l.table.deferrable {
		if err := l.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
			return err
		}
	}
	useCopy := !l.table.conflicts.expected(importNumber)
	if err := l.load(ctx, l.batch.winners, useCopy); err != nil {
		return fmt.Errorf("writing to %s: %w", l.table.name, markChanged(err))
	}
	l.table.conflicts.record(importNumber, l.conflict)
	return nil
}

// load writes rows, which are in the order of keys. If COPY violates a unique constraint, the
// upsert is used instead. If Postgres rejects rows, they are written again in halves, the lower
// keys first, until each rejected row is alone.
func (l *loader) load(ctx context.Context, rows []int32, useCopy bool) error {
	err := l.attempt(ctx, rows, useCopy)
	if err == nil {
		return l.exec(ctx, releaseSQL)
	}
	rejection := rejectionOf(err)
	if rejection == nil {
		return err
	}
	if err := l.exec(ctx, rollbackSQL); err != nil {
		return err
	}
	switch {
	case useCopy && rejection.Code == uniqueViolation:
		return l.load(ctx, rows, false)
	case len(rows) == 1:
		return l.reject(ctx, rows[0], rejection)
	}
	half := len(rows) / 2
	if err := l.load(ctx, rows[:half], useCopy); err != nil {
		return err
	}
	return l.load(ctx, rows[half:], useCopy)
}

// attempt writes rows inside a savepoint, all or none.
func (l *loader) attempt(ctx context.Context, rows []int32, useCopy bool) error {
	if useCopy {
		return l.copyRows(ctx, rows)
	}
	return l.upsertRows(ctx, rows)
}

// reject marks a record as rejected. It has superseded nothing, so the record before it with the
// same key is written instead. This keeps the order of keys.
func (l *loader) reject(ctx context.Context, row int32, rejection *pgconn.PgError) error {
	l.batch.outcomes[row] = operation.Rejected
	l.batch.rejected = append(l.batch.rejected, operation.Rejection{
		Row:     l.batch.Row(int(row)),
		Reasons: []operation.Reason{l.table.explain(rejection)},
	})
	if earlier := l.batch.previous[row]; earlier >= 0 {
		return l.load(ctx, []int32{earlier}, false)
	}
	return nil
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
