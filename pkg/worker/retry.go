package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// lockedDelay is the retry delay of a chunk that another worker has locked.
	lockedDelay = time.Second
	// transientDelay is the retry delay after a transient error, such as a lost database
	// connection.
	transientDelay = 2 * time.Second
	// maxAttemptDelay limits the growing delay between the counted attempts of a chunk.
	maxAttemptDelay = time.Minute
)

// attemptDelay returns the delay after a counted attempt. It doubles from two seconds, so that the
// attempts outlast a short outage, such as a table that is being renamed.
func attemptDelay(attempt int) time.Duration {
	return min(time.Second<<min(attempt, 10), maxAttemptDelay)
}

// IsTransient reports whether an error is not caused by the chunk, so that its attempt does not
// count. A step that exceeded its timeout is not transient, although its error looks like that of a
// cancelled query.
func IsTransient(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return errors.Is(ctx.Err(), context.Canceled)
	}
	return isAwaiting(err) || errors.Is(err, store.ErrLocked) || errors.Is(err, ErrNotReady) || store.IsTransient(err)
}

// isAwaiting reports whether a step waits for an earlier operation.
func isAwaiting(err error) bool {
	_, ok := errors.AsType[*store.AwaitingError](err)
	return ok
}

// Reasons of retries, stored in Redis.
const (
	reasonLocked    = "locked by another worker"
	reasonTransient = "transient error"
	reasonAwaiting  = "awaits an earlier import"
	reasonCrash     = "the database server crashed"
)

// retryUncounted takes back the count of an attempt that failed with a transient error, and returns
// the error that retries it. If Postgres crashed during the attempt, the attempt stays counted, and the
// operation is given up after the last one.
func (w *Worker) retryUncounted(ctx context.Context, c job.Chunk, attempt store.Attempt, cause error) (metrics.StepResult, error) {
	result, delay, reason := metrics.StepTransient, transientDelay, reasonTransient
	awaiting, ok := errors.AsType[*store.AwaitingError](cause)
	switch {
	case ok:
		result, delay, reason = metrics.StepAwaiting, awaiting.After, reasonAwaiting
	case errors.Is(cause, store.ErrLocked):
		result, delay, reason = metrics.StepLocked, lockedDelay, reasonLocked
	case errors.Is(cause, ErrNotReady):
		reason = ErrNotReady.Error()
	}
	lost, err := w.Store.UncountAttempt(ctx, c, attempt, cause)
	if lost {
		attempt.Lost++
		if attempt.Count >= w.maxAttempts(attempt) {
			return w.abandon(ctx, c, attempt, fmt.Errorf("%w: %w", errServerCrashed, cause))
		}
		return result, retryAfter(attemptDelay(attempt.Count), reasonCrash, cause)
	}
	retry := retryAfter(delay, reason, cause)
	if err != nil {
		retry.Err, retry.Quiet = errors.Join(cause, err), false
	}
	return result, retry
}

// maxAttempts returns after how many attempts a chunk is given up. A chunk that was being processed
// when Postgres crashed gets one more: the crash may be the doing of another chunk.
func (w *Worker) maxAttempts(attempt store.Attempt) int {
	if attempt.Lost > 0 {
		return w.MaxAttempts + 1
	}
	return w.MaxAttempts
}

// retryAfter returns the error that retries a queue entry. A chunk that is locked or awaits an earlier
// operation is ordinary and logged quietly.
func retryAfter(delay time.Duration, reason string, err error) *queue.RetryAfterError {
	return &queue.RetryAfterError{Delay: delay, Reason: reason, Err: err, Quiet: errors.Is(err, store.ErrLocked) || isAwaiting(err)}
}
