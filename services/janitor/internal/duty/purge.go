package duty

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
)

const (
	// reclaimAtOnce is how many tombstones one pass works on; what is left comes next time.
	reclaimAtOnce = 100
	// reclaimBudget ends a pass in good order, before passTimeout does: a large import takes many passes.
	reclaimBudget = 20 * time.Second
)

// Remains deletes what hangs on tombstones.
type Remains interface {
	Purgeable(ctx context.Context, limit int) ([]uuid.UUID, error)
	Purge(ctx context.Context, id uuid.UUID) (int, error)
}

// Purge deletes what hangs on tombstones, in small batches: chunks, rows of progress, output, events.
func Purge(store Remains, log *slog.Logger, every time.Duration) Duty {
	return Duty{Name: "reclaim", Every: every, Pass: func(ctx context.Context) error {
		began := time.Now()
		tombstones, err := store.Purgeable(ctx, reclaimAtOnce)
		if err != nil {
			return err
		}
		var errs []error
		for _, id := range tombstones {
			deleted := 0
			errs = append(errs, whileAny(began, func() (int, error) {
				n, err := store.Purge(ctx, id)
				deleted += n
				return n, err
			}))
			if deleted > 0 {
				log.InfoContext(ctx, "cleared away a part or all of an operation",
					slog.String(logging.Operation, id.String()), slog.Int("rows", deleted))
			}
		}
		return errors.Join(errs...) // one that can't be cleared must not keep the others
	}}
}

// whileAny repeats work until it finds nothing to do or the pass has taken its time.
func whileAny(began time.Time, work func() (int, error)) error {
	for time.Since(began) < reclaimBudget {
		if n, err := work(); err != nil || n == 0 {
			return err
		}
	}
	return nil
}
