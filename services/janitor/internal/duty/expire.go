package duty

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
)

// expiryBatch is how many operations one statement changes or deletes.
const expiryBatch = 500

// Tombstones makes tombstones of what has expired, and deletes those that are old.
type Tombstones interface {
	Expire(ctx context.Context, limit int) ([]uuid.UUID, error)
	DeleteExpired(ctx context.Context, age time.Duration, limit int) (int, error)
}

// Expire makes tombstones of finished operations whose retention is over. They keep their final counts and answer 410.
func Expire(store Tombstones, log *slog.Logger, every time.Duration) Duty {
	return Duty{Name: "expire", Every: every, Pass: func(ctx context.Context) error {
		return whileFull(expiryBatch, func() (int, error) {
			expired, err := store.Expire(ctx, expiryBatch)
			for _, id := range expired {
				log.InfoContext(ctx, "an operation expired", slog.String(logging.Operation, id.String()))
			}
			return len(expired), err
		})
	}}
}

// DeleteExpired deletes tombstones older than the age given, when nothing hangs on them any more.
func DeleteExpired(store Tombstones, log *slog.Logger, every, age time.Duration) Duty {
	return Duty{Name: "bury", Every: every, Pass: func(ctx context.Context) error {
		return whileFull(expiryBatch, func() (int, error) {
			buried, err := store.DeleteExpired(ctx, age, expiryBatch)
			if buried > 0 {
				log.InfoContext(ctx, "deleted old tombstones", slog.Int("operations", buried))
			}
			return buried, err
		})
	}}
}

// whileFull repeats work as long as it brings full batches. Each is a transaction of its own, so that nothing is held for long.
func whileFull(batch int, work func() (int, error)) error {
	for {
		n, err := work()
		if err != nil || n < batch {
			return err
		}
	}
}
