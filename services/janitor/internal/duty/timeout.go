package duty

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// unpolledEvery is how often is looked for what nobody asked for in time; it adds to the bound.
const unpolledEvery = time.Second

// Unpolled ends what nobody asked for in time.
type Unpolled interface {
	TimeOutUnpolled(ctx context.Context, limit int) ([]store.TimedOut, error)
}

// Notifier tells who waits that an operation has changed.
type Notifier interface {
	Publish(ctx context.Context, id uuid.UUID) error
}

// TimeOutUnpolled ends the operations that must be asked for again and again, such as searches, when nobody did.
func TimeOutUnpolled(db Unpolled, bell Notifier, log *slog.Logger, finished *metrics.Finished) Duty {
	return Duty{Name: "time-out-unpolled", Every: unpolledEvery, Pass: func(ctx context.Context) error {
		return whileFull(expiryBatch, func() (int, error) {
			ended, err := db.TimeOutUnpolled(ctx, expiryBatch)
			for _, op := range ended {
				ctx := logging.With(ctx, slog.String(logging.Operation, op.ID.String()))
				if op.RequestID != "" {
					ctx = logging.With(ctx, slog.String(logging.RequestID, op.RequestID))
				}
				finished.Count(op.ID, op.Kind, operation.TimedOut)
				log.InfoContext(ctx, "timed out an operation that nobody asked for")
				if err := bell.Publish(ctx, op.ID); err != nil {
					log.DebugContext(ctx, "a change was not told", slog.Any("error", err))
				}
			}
			return len(ended), err
		})
	}}
}
