// Package worker joins the queue to the work: which kind of entry goes to which function.
package worker

import (
	"context"
	"log/slog"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/task"
	"github.com/longshore-io/longshore/services/importer/internal/config"
)

// Run serves the chunks of imports and the splitting of uploads until ctx ends, finishes what is in hand and gives back the rest.
func Run(ctx context.Context, redis *queue.Redis, log *slog.Logger, cfg config.Config, imports, splits queue.Handler) error {
	return queue.Serve(ctx, redis, log, queue.ServerOptions{
		Queue:        task.QueueImports,
		Concurrency:  cfg.Concurrency,
		PollInterval: cfg.QueuePoll,
		Grace:        cfg.Shutdown.Grace,
	}, map[task.Kind]queue.Handler{
		task.Import: imports,
		task.Split:  splits,
	})
}
