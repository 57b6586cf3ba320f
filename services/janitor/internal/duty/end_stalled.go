package duty

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
)

// stalledInterval adds to the time after which a stalled session is ended.
const stalledInterval = 2 * time.Second

// EndStalled ends the sessions of importers that froze in the middle of a COPY, so that their
// chunks are unlocked. Postgres itself ends sessions that froze between two statements, by
// idle_in_transaction_session_timeout.
func EndStalled(db *store.Store, log *slog.Logger, meters *metrics.Duties, stalledFor time.Duration) Duty {
	const name = "end-stalled"
	meters.Rescued(name, 0)
	return Duty{Name: name, Every: stalledInterval, Pass: func(ctx context.Context) error {
		ended, err := db.EndStalledSessions(ctx, stalledFor)
		meters.Rescued(name, len(ended))
		for _, pid := range ended {
			log.InfoContext(ctx, "ended a stalled session", slog.Int("pid", int(pid)))
		}
		return err
	}}
}
