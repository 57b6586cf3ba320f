package duty

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// purgeGroup is how many operations are purged together.
	purgeGroup = 100
	// purgeBudget ends a pass before passTimeout cancels it: a large import takes many passes.
	purgeBudget = 20 * time.Second
)

// Purge deletes the dependent rows of tombstones in small batches: chunks, progress rows, output,
// events. A pass ends when all tombstones were tried once, or after purgeBudget; then the next pass
// continues with the tombstones that follow.
func Purge(db *store.Store, log *slog.Logger, every time.Duration) Duty {
	p := &purge{db: db, log: log, group: purgeGroup}
	return Duty{Name: "purge", Every: every, Pass: p.pass}
}

type purge struct {
	db    *store.Store
	log   *slog.Logger
	group int
	// after is the last tombstone that was tried; uuid.Nil before the first one.
	after uuid.UUID
}

func (p *purge) pass(ctx context.Context) error {
	started := time.Now()
	var errs []error
	for time.Since(started) < purgeBudget {
		tombstones, err := p.db.Purgeable(ctx, p.after, p.group)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		errs = append(errs, p.purge(ctx, started, tombstones))
		if len(tombstones) < p.group {
			p.after = uuid.Nil
			break
		}
		p.after = tombstones[p.group-1]
	}
	return errors.Join(errs...)
}

// purge deletes the rows of some tombstones. If that fails, it tries each of them by itself, so that
// a tombstone that can't be purged does not delay the others.
func (p *purge) purge(ctx context.Context, started time.Time, tombstones []uuid.UUID) error {
	if len(tombstones) == 0 {
		return nil
	}
	deleted := 0
	err := whileAny(started, func() (int, error) {
		n, err := p.db.Purge(ctx, tombstones)
		deleted += n
		return n, err
	})
	if deleted > 0 {
		p.log.InfoContext(ctx, "deleted rows of expired operations", slog.Int("operations", len(tombstones)), slog.Int("rows", deleted))
	}
	if err == nil || len(tombstones) == 1 || ctx.Err() != nil {
		return err
	}
	var errs []error
	for _, id := range tombstones {
		errs = append(errs, p.purge(ctx, started, []uuid.UUID{id}))
	}
	return errors.Join(errs...)
}

// whileAny repeats work until it returns 0 or the budget of the pass, which started at the given
// time, is used up.
func whileAny(started time.Time, work func() (int, error)) error {
	for time.Since(started) < purgeBudget {
		if n, err := work(); err != nil || n == 0 {
			return err
		}
	}
	return nil
}
