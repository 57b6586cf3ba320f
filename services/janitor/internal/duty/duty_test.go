package duty

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/pkg/metrics"
)

// runFor runs a duty for some time on the clock of a synctest bubble.
func runFor(t *testing.T, d Duty, runTime time.Duration) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { Run(ctx, slog.New(slog.DiscardHandler), metrics.NewDuties(), d); close(ended) }()
	time.Sleep(runTime) // the clock of the bubble
	synctest.Wait()
	stop()
	<-ended
}

func TestRunRepeatsFailedPasses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		passes := 0
		runFor(t, Duty{Name: "count", Every: time.Second, Pass: func(context.Context) error {
			passes++
			return context.DeadlineExceeded
		}}, 10*time.Second)
		if passes < 9 || passes > 10 {
			t.Errorf("%d passes in 10 s with an interval of 1 s, want 9 or 10", passes)
		}
	})
}

func TestRunCancelsLongPasses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		passes := 0
		runFor(t, Duty{Name: "stuck", Every: time.Second, Pass: func(ctx context.Context) error {
			passes++
			<-ctx.Done()
			return ctx.Err()
		}}, 5*time.Minute)
		if passes < 8 {
			t.Errorf("%d passes in 5 minutes, each limited to %v, want at least 8", passes, passTimeout)
		}
	})
}
