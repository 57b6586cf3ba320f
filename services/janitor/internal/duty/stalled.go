package duty

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/metrics"
)

// stalledEvery is how often stalled sessions are looked for; it adds to the bound.
const stalledEvery = 2 * time.Second

// Sessions ends sessions whose client stands still.
type Sessions interface {
	EndStalledSessions(ctx context.Context, bound time.Duration) ([]int32, error)
}

// EndStalled ends the sessions of importers that froze in the middle of a COPY, so that they let go of their chunk. Frozen between two
// statements, Postgres itself ends them by idle_in_transaction_session_timeout.
func EndStalled(store Sessions, log *slog.Logger, meters *metrics.Duties, bound time.Duration) Duty {
	const name = "end-stalled"
	meters.Rescued(name, 0)
	return Duty{Name: name, Every: stalledEvery, Pass: func(ctx context.Context) error {
		ended, err := store.EndStalledSessions(ctx, bound)
		meters.Rescued(name, len(ended))
		for _, pid := range ended {
			log.InfoContext(ctx, "ended a stalled session", slog.Int("pid", int(pid)))
		}
		return err
	}}
}
