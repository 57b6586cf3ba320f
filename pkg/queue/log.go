package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/logging"
)

// retryLogger returns an error handler that logs why an entry is retried or was archived.
func retryLogger(log *slog.Logger) asynq.ErrorHandlerFunc {
	return func(ctx context.Context, entry *asynq.Task, err error) {
		err = handlerError(err)
		if _, ok := errors.AsType[*ArchiveError](err); ok {
			return // the handler has logged it
		}
		if errors.Is(err, asynq.SkipRetry) {
			log.ErrorContext(ctx, "archived an entry with an unknown payload", slog.Any("error", err))
			return
		}
		level := slog.LevelWarn
		attrs := []slog.Attr{slog.Any("error", err), slog.Duration("delay", retryDelay(0, err, entry))}
		if c, err := job.DecodeEntry(entry.Payload()); err == nil {
			attrs = append(attrs, slog.String(logging.Operation, c.OperationID.String()), slog.Int(logging.Chunk, c.Seq))
		}
		if retry, ok := errors.AsType[*RetryAfterError](err); ok {
			attrs = append(attrs, retry.Attrs...)
			if retry.Quiet {
				level = slog.LevelDebug
			}
		}
		if _, ok := errors.AsType[*fault.PanicError](err); ok {
			level = slog.LevelError
		}
		log.LogAttrs(ctx, level, "attempt failed, will retry", attrs...)
	}
}

// asynqLog is asynq's logger. Its messages are about Redis, not about operations.
type asynqLog struct{ log *slog.Logger }

// archivedPrefix begins asynq's warning about an archived entry. The handler has already logged the
// failure in more detail, so the warning is demoted to debug.
const archivedPrefix = "Retry exhausted"

func (l asynqLog) write(level slog.Level, args []any) {
	l.log.Log(context.Background(), level, "queue", slog.String("detail", fmt.Sprint(args...)))
}

// Debug logs at debug level; the other methods log at theirs.
func (l asynqLog) Debug(args ...any) { l.write(slog.LevelDebug, args) }
func (l asynqLog) Info(args ...any)  { l.write(slog.LevelInfo, args) }
func (l asynqLog) Warn(args ...any) {
	level := slog.LevelWarn
	if strings.HasPrefix(fmt.Sprint(args...), archivedPrefix) {
		level = slog.LevelDebug
	}
	l.write(level, args)
}
func (l asynqLog) Error(args ...any) { l.write(slog.LevelError, args) }
func (l asynqLog) Fatal(args ...any) { l.write(slog.LevelError, args) }
