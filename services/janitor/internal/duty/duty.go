// Package duty holds what the janitor does again and again, a file for each duty. Every duty can run in several janitors at
// once and be killed at any point: it only does what Postgres says is due.
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

// Duty is one periodic piece of work.
type Duty struct {
	Name  string
	Every time.Duration
	// Pass does the work once.
	Pass func(context.Context) error
}

// Run does every duty at its own pace until ctx ends. The first passes are spread, so that janitors that start together do not work
// in step. A pass that fails is logged and tried again at its next turn. Each logs with its context, which knows the duty.
func Run(ctx context.Context, log *slog.Logger, meters *metrics.Duties, duties ...Duty) {
	var all sync.WaitGroup
	for _, d := range duties {
		all.Go(func() { d.repeat(logging.With(ctx, slog.String(logging.Duty, d.Name)), log, meters) })
	}
	all.Wait()
}

// passTimeout bounds one pass, so that a database which does not answer costs a pass and not the duty.
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
		began := time.Now()
		err := d.pass(ctx)
		if ctx.Err() != nil {
			return
		}
		meters.Took(d.Name, time.Since(began), err)
		if err != nil {
			log.WarnContext(ctx, "a pass failed and will be repeated", slog.Any("error", err))
		}
		timer.Reset(d.Every)
	}
}
