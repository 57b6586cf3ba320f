package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
)

// ServerOptions configure how a worker serves a queue.
type ServerOptions struct {
	// Queue is one of job.Queues.
	Queue string
	// Concurrency is the maximum number of chunks processed at the same time.
	Concurrency int
	// PollInterval is how often an idle worker polls the queue if no entry is announced: see Dispatcher.
	PollInterval time.Duration
	// Grace is how long running handlers may continue after ctx ends.
	Grace time.Duration
}

// Handler processes the chunks of one entry. On an error the entry is retried: after the delay of a
// RetryAfterError, or after defaultDelay. An ArchiveError archives the entry instead.
type Handler func(ctx context.Context, e job.Entry) error

// forwardInterval is how often asynq moves delayed entries that are due to the pending ones.
const forwardInterval = time.Second

// Serve processes entries until ctx ends. Then it lets running handlers finish within the grace
// period and returns the entries of the others to the queue.
func Serve(ctx context.Context, r *Redis, log *slog.Logger, opts ServerOptions, routes map[job.Kind]Handler) error {
	server := asynq.NewServerFromRedisClient(newWaker(ctx, r, opts.Queue, opts.PollInterval), asynq.Config{
		Concurrency:              opts.Concurrency,
		Queues:                   map[string]int{r.nameOf(opts.Queue): 1},
		TaskCheckInterval:        retryInterval,
		DelayedTaskCheckInterval: forwardInterval,
		ShutdownTimeout:          opts.Grace,
		RetryDelayFunc:           retryDelay,
		IsFailure:                func(error) bool { return false }, // Postgres counts the attempts
		ErrorHandler:             retryLogger(log),                  // asynq itself does not log retries
		Logger:                   asynqLog{log},
		LogLevel:                 asynq.WarnLevel,
	})
	var running sync.WaitGroup
	mux := asynq.NewServeMux()
	for kind, handle := range routes {
		mux.HandleFunc(string(kind), func(ctx context.Context, entry *asynq.Task) error {
			e, err := job.DecodeEntry(entry.Payload())
			if err != nil {
				return &storedError{fmt.Errorf("%w: %w", err, asynq.SkipRetry)}
			}
			running.Add(1)
			defer running.Done()
			return handleSafely(func() error { return handle(traced(ctx, entry), e) })
		})
	}
	if err := server.Start(mux); err != nil {
		return fmt.Errorf("starting the queue server: %w", err)
	}
	<-ctx.Done()
	stop(server, &running, opts.Grace+CleanupGrace)
	return nil
}

// CleanupGrace is how long, after the grace period, asynq may return entries to the queue and handlers
// may clean up. asynq itself does not wait for the handlers that it has cancelled, and waits for a
// Redis that does not answer. Another worker gets what is not returned when its lease ends.
const CleanupGrace = 6 * time.Second

// stop stops the server and waits for the handlers, at most for the limit.
func stop(server *asynq.Server, running *sync.WaitGroup, limit time.Duration) {
	stopped := make(chan struct{})
	go func() {
		server.Shutdown()
		running.Wait()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(limit):
	}
}
