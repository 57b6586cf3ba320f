package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
)

// Route assigns a handler to the queue entries of one kind.
type Route struct {
	Kind job.Kind
	// Concurrency is the maximum number of entries processed at the same time.
	Concurrency int
	Handle      queue.Handler
}

// Serve serves the queue of each route until ctx ends, then lets running handlers finish within the
// grace period. If one queue can't be served, it stops all and returns the error.
func Serve(ctx context.Context, redis *queue.Redis, log *slog.Logger, cfg config.Worker, routes ...Route) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var servers sync.WaitGroup
	errs := make([]error, len(routes))
	for i, r := range routes {
		servers.Go(func() {
			defer stop()
			errs[i] = queue.Serve(ctx, redis, log, queue.ServerOptions{
				Queue: r.Kind.Queue(), Concurrency: r.Concurrency, PollInterval: cfg.QueuePoll, Grace: cfg.Shutdown.Grace,
			}, map[job.Kind]queue.Handler{r.Kind: r.Handle})
		})
	}
	servers.Wait()
	return errors.Join(errs...)
}
