package duty

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// unpolledInterval adds to the time after which an unpolled operation is stopped.
const unpolledInterval = time.Second

// TimeOutUnpolled stops operations that clients must poll, such as searches, once no client has
// polled them in time.
func TimeOutUnpolled(db *store.Store, notifier *queue.Notifier, log *slog.Logger, finished *metrics.Finished) Duty {
	return Duty{Name: "time-out-unpolled", Every: unpolledInterval, Pass: func(ctx context.Context) error {
		return whileFull(func() (int, error) {
			timedOut, err := db.TimeOutUnpolled(ctx, expireBatch)
			for _, op := range timedOut {
				ctx := logging.With(ctx, slog.String(logging.Operation, op.ID.String()))
				if op.RequestID != "" {
					ctx = logging.With(ctx, slog.String(logging.RequestID, op.RequestID))
				}
				finished.Count(op.ID, op.Kind, operation.TimedOut)
				log.InfoContext(ctx, "stopped an operation that no client polled")
				if err := notifier.Publish(ctx, op.ID); err != nil {
					log.DebugContext(ctx, "publishing a change failed", slog.Any("error", err))
				}
			}
			return len(timedOut), err
		})
	}}
}
