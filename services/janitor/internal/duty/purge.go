package duty

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// purgeLimit is how many operations one pass processes; the next pass continues.
	purgeLimit = 100
	// purgeBudget ends a pass before passTimeout cancels it: a large import takes many passes.
	purgeBudget = 20 * time.Second
)

// Purge deletes the dependent rows of tombstones in small batches: chunks, progress rows, output,
// events.
func Purge(db *store.Store, log *slog.Logger, every time.Duration) Duty {
	return Duty{Name: "purge", Every: every, Pass: func(ctx context.Context) error {
		started := time.Now()
		tombstones, err := db.Purgeable(ctx, purgeLimit)
		if err != nil {
			return err
		}
		var errs []error // a tombstone that can't be purged must not delay the others
		for _, id := range tombstones {
			deleted := 0
			errs = append(errs, whileAny(started, func() (int, error) {
				n, err := db.Purge(ctx, id)
				deleted += n
				return n, err
			}))
			if deleted > 0 {
				log.InfoContext(ctx, "deleted rows of an expired operation", slog.String(logging.Operation, id.String()), slog.Int("rows", deleted))
			}
		}
		return errors.Join(errs...)
	}}
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
