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

// Result is what became of a batch's records. It is valid until the batch is reset or loaded again.
type Result struct {
	// Outcomes has an element for each record in the order in which they were added; Batch.Row tells its row number.
	Outcomes []operation.Outcome
	// Rejected lists the records that Postgres refused, by row number. Received is left to the caller.
	Rejected []operation.Rejection
}

// Load writes the batch into the table as rows of the import with that number, inside the caller's transaction, which must
// be rolled back if Load returns an error. Of several records with one key the last is written; it takes the place of what
// the table holds unless that is a row of a later import or a later row of this one. A record that Postgres refuses
// is rejected alone: the one before it with its key, if there is one, goes into its place. A trigger of the table may change
// a row, but not drop it: Load could not tell it from one that was superseded.
//
// Loads of concurrent transactions write keys in the same order and therefore never deadlock on them, as long as a
// transaction loads one batch. If another unique constraint makes them, the error is Postgres's (SQLSTATE 40P01), and
// the transaction can be tried again.
func (b *Batch) Load(ctx context.Context, tx pgx.Tx, importNumber int64) (Result, error) {
	b.stamp(importNumber)
	b.arrange()
	b.rejected = nil
	l := loader{conn: tx.Conn().PgConn(), batch: b, table: b.table}
	if err := l.loadAll(ctx, importNumber); err != nil {
		return Result{}, err
	}
	slices.SortFunc(b.rejected, func(x, y operation.Rejection) int { return cmp.Compare(x.Row, y.Row) })
	return Result{Outcomes: b.outcomes, Rejected: b.rejected}, nil
}

// loader is one Load under way.
type loader struct {
	conn  *pgconn.PgConn
	batch *Batch
	table *Table
	// met: a key was found in the table.
	met bool
}

func (l *loader) loadAll(ctx context.Context, importNumber int64) error {
	if len(l.batch.winners) == 0 {
		return nil
	}
	if l.table.deferred {
		if err := l.exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
			return err
		}
	}
	direct := !l.table.occupied.by(importNumber)
	if err := l.load(ctx, l.batch.winners, direct); err != nil {
		return fmt.Errorf("writing to %s: %w", l.table.Name(), blame(err))
	}
	l.table.occupied.note(importNumber, l.met)
	return nil
}

// load writes rows, which are in the order of keys. The direct way gives way to the other one where something unique is
// met. Rows that are refused together are tried in halves, the lower keys first, until the refused ones stand alone.
func (l *loader) load(ctx context.Context, rows []int32, direct bool) error {
	err := l.attempt(ctx, rows, direct)
	if err == nil {
		return l.exec(ctx, releaseSQL)
	}
	refusal := refusalOf(err)
	if refusal == nil {
		return err
	}
	if err := l.exec(ctx, rollbackSQL); err != nil {
		return err
	}
	switch {
	case direct && refusal.Code == uniqueViolation:
		return l.load(ctx, rows, false)
	case len(rows) == 1:
		return l.reject(ctx, rows[0], refusal)
	}
	half := len(rows) / 2
	if err := l.load(ctx, rows[:half], direct); err != nil {
		return err
	}
	return l.load(ctx, rows[half:], direct)
}

// attempt writes rows inside a savepoint, all or none.
func (l *loader) attempt(ctx context.Context, rows []int32, direct bool) error {
	if direct {
		return l.copyRows(ctx, rows)
	}
	return l.upsertRows(ctx, rows)
}

// reject gives a record up. It has superseded nothing, so the one before it with its key is tried in its place, which
// keeps the order of keys.
func (l *loader) reject(ctx context.Context, row int32, refusal *pgconn.PgError) error {
	l.batch.outcomes[row] = operation.Rejected
	l.batch.rejected = append(l.batch.rejected, operation.Rejection{
		Row:     l.batch.Row(int(row)),
		Reasons: []operation.Reason{l.table.explain(refusal)},
	})
	if earlier := l.batch.previous[row]; earlier >= 0 {
		return l.load(ctx, []int32{earlier}, false)
	}
	return nil
}

// The savepoint that each attempt is made in.
const (
	savepointSQL = "SAVEPOINT longshore_target"
	releaseSQL   = "RELEASE SAVEPOINT longshore_target"
	rollbackSQL  = "ROLLBACK TO SAVEPOINT longshore_target; RELEASE SAVEPOINT longshore_target"
)

func (l *loader) exec(ctx context.Context, sql string) error {
	return l.conn.Exec(ctx, sql).Close()
}
