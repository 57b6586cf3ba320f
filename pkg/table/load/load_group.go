package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrSeparately means that imports can't be written together: each must be written by itself, by Load.
var ErrSeparately = errors.New("the imports must be written separately")

// LoadGroup writes a batch with records of several imports, which were added by AddOf in the order of their imports,
// inside the caller's transaction. Its statements are those of an ordinary import without conflicts. It returns
// ErrSeparately unless all records are created or updated without a warning: if two have the same key, if Postgres refuses
// one, or if a row of a later import stays. Then, as after any error, the transaction must be rolled back.
func (b *Batch) LoadGroup(ctx context.Context, tx pgx.Tx) (Result, error) {
	l, unreadable, err := b.begin(ctx, tx)
	if err != nil {
		return Result{}, err
	}
	if len(unreadable) > 0 || len(b.winners) < len(b.entries) {
		return Result{}, ErrSeparately
	}
	if err := l.loadGroup(ctx); err != nil {
		return Result{}, fmt.Errorf("writing to %s: %w", l.table.name, markChanged(err))
	}
	return Result{Outcomes: b.outcomes}, nil
}

func (l *loader) loadGroup(ctx context.Context) error {
	if err := l.checkImmediately(ctx); err != nil {
		return err
	}
	if err := l.prepare(ctx); err != nil {
		return err
	}
	l.ways = l.chooseWays()
	var err error
	switch {
	case l.ways.upsert.sql != "" && l.table.keyLength > 0 && l.table.kinds.upserts:
		err = l.upsertAll(ctx, l.batch.winners)
	case l.ways.copySQL != "" && !l.table.rowSecurity:
		err = l.copyRows(ctx, l.batch.winners)
	default:
		return ErrSeparately
	}
	switch {
	case errors.Is(err, errDropped), err != nil && rejectionOf(err) != nil:
		return ErrSeparately
	case err != nil:
		return err
	}
	if err := l.advanceSequences(ctx); err != nil || len(l.warnings) == 0 {
		return err
	}
	return ErrSeparately // each import keeps its warnings
}

// upsertAll sends rows as upsertRows does. It returns errDropped unless all of them are written.
func (l *loader) upsertAll(ctx context.Context, rows []int32) error {
	if notes := l.table.clearNotes(); notes != "" {
		if err := l.exec(ctx, notes); err != nil {
			return err
		}
	}
	return l.setAllWritten(rows, l.sendUpsert(ctx, rows))
}
