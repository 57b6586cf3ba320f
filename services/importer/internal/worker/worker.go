// Package worker joins the queue to the work: which kind of entry goes to which function, and when a failed one comes back.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/task"
	"github.com/longshore-io/longshore/services/importer/internal/config"
	"github.com/longshore-io/longshore/services/importer/internal/ingest"
)

const (
	// heldDelay is when a chunk that somebody else holds is looked at again.
	heldDelay = time.Second
	// maxDelay bounds the growing delay after failures.
	maxDelay = 15 * time.Second
)

// Run serves the imports until ctx ends, finishes the steps in hand and gives back the rest.
func Run(ctx context.Context, redis *queue.Redis, log *slog.Logger, cfg config.Config, work *ingest.Ingest) error {
	return queue.Serve(ctx, redis, log, queue.ServerOptions{
		Queue:        task.QueueImports,
		Concurrency:  cfg.Concurrency,
		PollInterval: cfg.QueuePoll,
		Grace:        cfg.Shutdown.Grace,
		RetryDelay:   retryDelay,
	}, map[task.Kind]queue.Handler{
		task.Import: work.Chunk,
	})
}

// retryDelay doubles from one second. A chunk in other hands is no failure.
func retryDelay(n int, err error) time.Duration {
	if errors.Is(err, store.ErrHeld) {
		return heldDelay
	}
	return min(time.Second<<min(n, 10), maxDelay)
}
