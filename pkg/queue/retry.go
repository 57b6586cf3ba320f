package queue

import (
	"errors"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
)

// defaultDelay is the retry delay after an error that is not a RetryAfterError.
const defaultDelay = 2 * time.Second

// RetryAfterError is returned by a handler to retry its entry after a delay.
type RetryAfterError struct {
	Delay time.Duration
	// Reason is a short fixed text without client data. Redis stores it.
	Reason string
	// Err is the cause. It is logged only.
	Err error
	// Quiet logs the retry at debug level instead of warn.
	Quiet bool
	// Attrs are logged beside the operation and the chunk.
	Attrs []slog.Attr
}

// Error returns the text of the cause.
func (e *RetryAfterError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryAfterError) Unwrap() error { return e.Err }

// retryDelay returns the delay of a RetryAfterError, or the default. It is asynq's RetryDelayFunc.
func retryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	if retry, ok := errors.AsType[*RetryAfterError](err); ok {
		return retry.Delay
	}
	return defaultDelay
}
