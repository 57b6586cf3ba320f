package duty

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/store"
)

// expireBatch is how many operations one statement changes or deletes.
const expireBatch = 500

// Expire turns finished operations whose retention has passed into tombstones. They keep their
// final counts and answer 410.
func Expire(db *store.Store, log *slog.Logger, every time.Duration) Duty {
	return Duty{Name: "expire", Every: every, Pass: func(ctx context.Context) error {
		return whileFull(func() (int, error) {
			expired, err := db.Expire(ctx, expireBatch)
			for _, id := range expired {
				log.InfoContext(ctx, "an operation expired", slog.String(logging.Operation, id.String()))
			}
			return len(expired), err
		})
	}}
}

// whileFull repeats work until it returns less than a full batch, expireBatch. Each batch is a transaction of
// its own, so that locks are short.
func whileFull(work func() (int, error)) error {
	for {
		n, err := work()
		if err != nil || n < expireBatch {
			return err
		}
	}
}
