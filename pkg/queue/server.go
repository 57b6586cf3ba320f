package queue

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/task"
)

// ServerOptions says how a worker serves a queue.
type ServerOptions struct {
	Queue string
	// Concurrency is how many chunks are worked on at once.
	Concurrency int
	// PollInterval is how long an idle worker waits before it looks at the queue again: the price of a quick start is paid
	// by Redis.
	PollInterval time.Duration
	// Grace is how long the chunks in hand may take after Stop.
	Grace time.Duration
	// RetryDelay says when an entry whose handler returned err comes back.
	RetryDelay func(n int, err error) time.Duration
}

// Handler works on one chunk. An error brings the entry back after the server's RetryDelay.
type Handler func(ctx context.Context, c task.Chunk) error

// forwardInterval is how often entries whose delay is over are moved to the pending ones.
const forwardInterval = time.Second

// Serve works on entries until ctx ends, then finishes those in hand and gives back the rest.
func Serve(ctx context.Context, r *Redis, log *slog.Logger, opts ServerOptions, routes map[task.Kind]Handler) error {
	server := asynq.NewServerFromRedisClient(r.client, asynq.Config{
		Concurrency:              opts.Concurrency,
		Queues:                   map[string]int{opts.Queue: 1},
		TaskCheckInterval:        opts.PollInterval,
		DelayedTaskCheckInterval: forwardInterval,
		ShutdownTimeout:          opts.Grace,
		RetryDelayFunc:           func(n int, err error, _ *asynq.Task) time.Duration { return opts.RetryDelay(n, err) },
		IsFailure:                func(error) bool { return false }, // attempts are counted in Postgres
		Logger:                   logger{log},
		LogLevel:                 asynq.WarnLevel,
	})
	mux := asynq.NewServeMux()
	for kind, handle := range routes {
		mux.HandleFunc(string(kind), func(ctx context.Context, entry *asynq.Task) error {
			c, err := task.DecodeChunk(entry.Payload())
			if err != nil {
				return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
			}
			return handle(ctx, c)
		})
	}
	if err := server.Start(mux); err != nil {
		return fmt.Errorf("starting the queue server: %w", err)
	}
	<-ctx.Done()
	server.Shutdown()
	return nil
}

// logger gives asynq's own messages to slog. They are about Redis, not about operations.
type logger struct{ log *slog.Logger }

func (l logger) write(level slog.Level, args []any) {
	l.log.Log(context.Background(), level, "queue", slog.String("detail", fmt.Sprint(args...)))
}

// Debug is one of asynq's levels; the others follow.
func (l logger) Debug(args ...any) { l.write(slog.LevelDebug, args) }
func (l logger) Info(args ...any)  { l.write(slog.LevelInfo, args) }
func (l logger) Warn(args ...any)  { l.write(slog.LevelWarn, args) }
func (l logger) Error(args ...any) { l.write(slog.LevelError, args) }
func (l logger) Fatal(args ...any) { l.write(slog.LevelError, args) }
