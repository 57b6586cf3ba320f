// Package worker joins the queues to the work: which kind of entry goes to which function.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/task"
	"github.com/longshore-io/longshore/services/importer/internal/config"
)

// splitsAtOnce is how many uploads in pieces one importer splits at once.
const splitsAtOnce = 1

// Run serves the chunks of imports and, beside them, the splitting of uploads, until ctx ends; then it finishes what is in hand and gives back
// the rest. It ends when one of the two can't be served.
func Run(ctx context.Context, redis *queue.Redis, log *slog.Logger, cfg config.Config, imports, splits queue.Handler) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var both sync.WaitGroup
	var errs [2]error
	for i, served := range []struct {
		kind        task.Kind
		concurrency int
		handle      queue.Handler
	}{{task.Import, cfg.Concurrency, imports}, {task.Split, splitsAtOnce, splits}} {
		both.Go(func() {
			defer stop()
			errs[i] = queue.Serve(ctx, redis, log, queue.ServerOptions{
				Queue: served.kind.Queue(), Concurrency: served.concurrency, PollInterval: cfg.QueuePoll, Grace: cfg.Shutdown.Grace,
			}, map[task.Kind]queue.Handler{served.kind: served.handle})
		})
	}
	both.Wait()
	return errors.Join(errs[:]...)
}
