package worker

import (
	"context"
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
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
	return errors.Is(err, store.ErrLocked) || errors.Is(err, ErrNotReady) || store.IsTransient(err)
}

// Reasons of retries, stored in Redis.
const (
	reasonLocked    = "locked by another worker"
	reasonTransient = "transient error"
)

// retryUncounted takes back the count of an attempt that failed with a transient error, and returns
// the error that retries it.
func (w *Worker) retryUncounted(ctx context.Context, c job.Chunk, cause error) error {
	delay, reason := transientDelay, reasonTransient
	switch {
	case errors.Is(cause, store.ErrLocked):
		delay, reason = lockedDelay, reasonLocked
	case errors.Is(cause, ErrNotReady):
		reason = ErrNotReady.Error()
	}
	retry := retryAfter(delay, reason, cause)
	if err := w.Store.UncountAttempt(ctx, c); err != nil {
		retry.Err, retry.Quiet = errors.Join(cause, err), false
	}
	return retry
}

// retryAfter returns the error that retries a queue entry. A locked chunk is ordinary and logged
// quietly.
func retryAfter(delay time.Duration, reason string, err error) *queue.RetryAfterError {
	return &queue.RetryAfterError{Delay: delay, Reason: reason, Err: err, Quiet: errors.Is(err, store.ErrLocked)}
}
