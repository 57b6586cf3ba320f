package duty

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// unpolledEvery is how often is looked for what nobody asked for in time; it adds to the bound.
const unpolledEvery = time.Second

// Unpolled ends what nobody asked for in time.
type Unpolled interface {
	TimeOutUnpolled(ctx context.Context, limit int) ([]uuid.UUID, error)
}

// Bell tells who waits that an operation has changed.
type Bell interface {
	Ring(ctx context.Context, id uuid.UUID) error
}

// TimeOutUnpolled ends the operations that must be asked for again and again, such as searches, when nobody did.
func TimeOutUnpolled(store Unpolled, bell Bell, log *slog.Logger) Duty {
	return Duty{Name: "time-out-unpolled", Every: unpolledEvery, Pass: func(ctx context.Context) error {
		return whileFull(expiryBatch, func() (int, error) {
			ended, err := store.TimeOutUnpolled(ctx, expiryBatch)
			for _, id := range ended {
				log.Info("timed out an operation that nobody asked for", slog.String("operation", id.String()))
				if err := bell.Ring(ctx, id); err != nil {
					log.Debug("a change was not told", slog.Any("error", err), slog.String("operation", id.String()))
				}
			}
			return len(ended), err
		})
	}}
}
