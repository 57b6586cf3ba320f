// Package worker joins the queue to the work: which kind of entry goes to which function.
package worker

import (
	"context"
	"log/slog"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/task"
	"github.com/longshore-io/longshore/pkg/work"
	"github.com/longshore-io/longshore/services/reporter/internal/config"
)

// Run serves the reports until ctx ends, finishes the steps in hand and gives back the rest.
func Run(ctx context.Context, redis *queue.Redis, log *slog.Logger, cfg config.Config, reports *work.Worker) error {
	return queue.Serve(ctx, redis, log, queue.ServerOptions{
		Queue:        task.QueueReports,
		Concurrency:  cfg.Concurrency,
		PollInterval: cfg.QueuePoll,
		Grace:        cfg.Shutdown.Grace,
	}, map[task.Kind]queue.Handler{
		task.Report: reports.Chunk,
	})
}
