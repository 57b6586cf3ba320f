package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/job"
)

// Route says what happens with the entries of one kind.
type Route struct {
	Kind job.Kind
	// Concurrency is how many of them are worked on at once.
	Concurrency int
	Handle      queue.Handler
}

// Serve serves the queue of each route until ctx ends; then it finishes what is in hand and gives back the rest. It ends when one of
// them can't be served.
func Serve(ctx context.Context, redis *queue.Redis, log *slog.Logger, cfg config.Worker, routes ...Route) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	errs := make([]error, len(routes))
	for i, r := range routes {
		all.Go(func() {
			defer stop()
			errs[i] = queue.Serve(ctx, redis, log, queue.ServerOptions{
				Queue: r.Kind.Queue(), Concurrency: r.Concurrency, PollInterval: cfg.QueuePoll, Grace: cfg.Shutdown.Grace,
			}, map[job.Kind]queue.Handler{r.Kind: r.Handle})
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
