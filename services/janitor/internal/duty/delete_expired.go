package duty

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/store"
)

// DeleteExpired deletes tombstones that are older than age and have no dependent rows.
func DeleteExpired(db *store.Store, log *slog.Logger, every, age time.Duration) Duty {
	return Duty{Name: "delete-expired", Every: every, Pass: func(ctx context.Context) error {
		return whileFull(func() (int, error) {
			deleted, err := db.DeleteExpired(ctx, age, expireBatch)
			if deleted > 0 {
				log.InfoContext(ctx, "deleted old tombstones", slog.Int("operations", deleted))
			}
			return deleted, err
		})
	}}
}
