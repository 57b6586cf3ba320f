package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/job"
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
}

// Handler works on one chunk. An error brings the entry back, a LaterError after its delay, any other after defaultDelay; but a ParkError puts
// it aside.
type Handler func(ctx context.Context, c job.Chunk) error

// RetryAfterError asks to bring an entry back after a delay.
type RetryAfterError struct {
	Delay time.Duration
	// Reason is why in a few fixed words of ours, which Redis keeps.
	Reason string
	// Err is why, for the log only.
	Err error
	// Quiet keeps an ordinary event out of the log.
	Quiet bool
	// Attrs go into the log beside the operation and the chunk.
	Attrs []slog.Attr
}

// Error tells why.
func (l *RetryAfterError) Error() string { return l.Err.Error() }

// Unwrap returns why.
func (l *RetryAfterError) Unwrap() error { return l.Err }

// defaultDelay is when an entry comes back whose handler did not say when.
const defaultDelay = 2 * time.Second

// forwardInterval is how often entries whose delay is over are moved to the pending ones.
const forwardInterval = time.Second

// Serve works on entries until ctx ends, then finishes those in hand and gives back the rest.
func Serve(ctx context.Context, r *Redis, log *slog.Logger, opts ServerOptions, routes map[job.Kind]Handler) error {
	server := asynq.NewServerFromRedisClient(r.client, asynq.Config{
		Concurrency:              opts.Concurrency,
		Queues:                   map[string]int{opts.Queue: 1},
		TaskCheckInterval:        opts.PollInterval,
		DelayedTaskCheckInterval: forwardInterval,
		ShutdownTimeout:          opts.Grace,
		RetryDelayFunc:           retryDelay,
		IsFailure:                func(error) bool { return false }, // attempts are counted in Postgres
		ErrorHandler:             reporter(log),                     // asynq itself says nothing about an entry that comes back
		Logger:                   logger{log},
		LogLevel:                 asynq.WarnLevel,
	})
	var inHand sync.WaitGroup
	mux := asynq.NewServeMux()
	for kind, handle := range routes {
		mux.HandleFunc(string(kind), func(ctx context.Context, entry *asynq.Task) error {
			c, err := job.DecodeChunk(entry.Payload())
			if err != nil {
				return &keptError{fmt.Errorf("%w: %w", err, asynq.SkipRetry)}
			}
			inHand.Add(1)
			defer inHand.Done()
			return handled(func() error { return handle(ctx, c) })
		})
	}
	if err := server.Start(mux); err != nil {
		return fmt.Errorf("starting the queue server: %w", err)
	}
	<-ctx.Done()
	server.Shutdown()
	awaitAbandoned(&inHand)
	return nil
}

// CleanupGrace is how long handlers may take to clean up after asynq has given their entries back and left them alone.
const CleanupGrace = 6 * time.Second

func awaitAbandoned(inHand *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() { inHand.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(CleanupGrace):
	}
}

func retryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	if later, ok := errors.AsType[*RetryAfterError](err); ok {
		return later.Delay
	}
	return defaultDelay
}

// reporter logs why an entry comes back.
func reporter(log *slog.Logger) asynq.ErrorHandlerFunc {
	return func(ctx context.Context, entry *asynq.Task, err error) {
		err = whole(err)
		if isParked(err) {
			return
		}
		if errors.Is(err, asynq.SkipRetry) {
			log.ErrorContext(ctx, "an entry that is none of ours was put aside", slog.Any("error", err))
			return
		}
		level := slog.LevelWarn
		attrs := []slog.Attr{slog.Any("error", err), slog.Duration("delay", retryDelay(0, err, entry))}
		if c, err := job.DecodeChunk(entry.Payload()); err == nil {
			attrs = append(attrs, slog.String(logging.Operation, c.OperationID.String()), slog.Int(logging.Chunk, c.Seq))
		}
		if later, ok := errors.AsType[*RetryAfterError](err); ok {
			attrs = append(attrs, later.Attrs...)
			if later.Quiet {
				level = slog.LevelDebug
			}
		}
		if _, ok := errors.AsType[*panicError](err); ok {
			level = slog.LevelError
		}
		log.LogAttrs(ctx, level, "a chunk will be tried again", attrs...)
	}
}

// logger gives asynq's own messages to slog. They are about Redis, not about operations.
type logger struct{ log *slog.Logger }

// putAside begins what asynq says of each entry that is put aside, which the log has been told in better words.
const putAside = "Retry exhausted"

func (l logger) write(level slog.Level, args []any) {
	l.log.Log(context.Background(), level, "queue", slog.String("detail", fmt.Sprint(args...)))
}

// Debug is one of asynq's levels; the others follow.
func (l logger) Debug(args ...any) { l.write(slog.LevelDebug, args) }
func (l logger) Info(args ...any)  { l.write(slog.LevelInfo, args) }
func (l logger) Warn(args ...any) {
	if strings.HasPrefix(fmt.Sprint(args...), putAside) {
		l.write(slog.LevelDebug, args)
		return
	}
	l.write(slog.LevelWarn, args)
}
func (l logger) Error(args ...any) { l.write(slog.LevelError, args) }
func (l logger) Fatal(args ...any) { l.write(slog.LevelError, args) }
