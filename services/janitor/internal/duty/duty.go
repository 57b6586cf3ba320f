// Package duty implements the janitor's periodic duties, one file for each. Several janitors may
// run every duty at the same time, and a duty may be killed at any point: it only acts on what
// Postgres shows to be due.
package duty

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
)

// Duty is a periodic task.
type Duty struct {
	Name  string
	Every time.Duration
	// Pass runs the task once.
	Pass func(context.Context) error
}

// Run repeats every duty at its own interval until ctx ends. The first passes start at random
// times, so that janitors that were started together do not run in step. A failed pass is logged
// and repeated after the interval. The context of a pass adds the duty's name to the log.
func Run(ctx context.Context, log *slog.Logger, meters *metrics.Duties, duties ...Duty) {
	var running sync.WaitGroup
	for _, d := range duties {
		running.Go(func() { d.repeat(logging.With(ctx, slog.String(logging.Duty, d.Name)), log, meters) })
	}
	running.Wait()
}

// passTimeout bounds one pass, so that a database that does not answer fails the pass and not the
// duty.
const passTimeout = 30 * time.Second

func (d Duty) pass(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	return d.Pass(ctx)
}

func (d Duty) repeat(ctx context.Context, log *slog.Logger, meters *metrics.Duties) {
	timer := time.NewTimer(rand.N(d.Every)) //nolint:gosec // spreading, not secrecy
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		started := time.Now()
		err := d.pass(ctx)
		if ctx.Err() != nil {
			return
		}
		meters.Observe(d.Name, time.Since(started), err)
		if err != nil {
			log.WarnContext(ctx, "a pass failed and will be repeated", slog.Any("error", err))
		}
		timer.Reset(d.Every)
	}
}
