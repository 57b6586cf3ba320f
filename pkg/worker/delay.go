package worker

import (
	"context"
	"errors"
	"time"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// heldDelay is when a chunk that somebody else holds is looked at again.
	heldDelay = time.Second
	// troubleDelay is when a chunk comes back after a trouble that is not its own, such as a database that went away.
	troubleDelay = 2 * time.Second
	// maxAttemptDelay bounds the growing delay between the attempts of a chunk that fails.
	maxAttemptDelay = time.Minute
)

// attemptDelay doubles from two seconds, so that the attempts outlast a table that is renamed for a moment.
func attemptDelay(attempt int) time.Duration {
	return min(time.Second<<min(attempt, 10), maxAttemptDelay)
}

// IsTransient reports whether a failure is not the chunk's, so that its attempt does not count. A step that took all the time it
// has is the chunk's own failure, although the error looks like any cancelled query.
func IsTransient(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return errors.Is(ctx.Err(), context.Canceled)
	}
	return errors.Is(err, store.ErrLocked) || errors.Is(err, ErrNotReady) || store.IsTransient(err)
}

// forgiven brings a chunk back whose attempt was taken back, or should have been.
func forgiven(err, notTakenBack error) error {
	delay, reason := troubleDelay, reasonTrouble
	switch {
	case errors.Is(err, store.ErrLocked):
		delay, reason = heldDelay, reasonHeld
	case errors.Is(err, ErrNotReady):
		reason = ErrNotReady.Error()
	}
	if notTakenBack != nil {
		return &queue.RetryAfterError{Delay: delay, Reason: reason, Err: errors.Join(err, notTakenBack)}
	}
	return later(err, reason, delay)
}

// Why an entry comes back, as Redis keeps it.
const (
	reasonHeld    = "another worker has the chunk"
	reasonTrouble = "a trouble that is not the chunk's"
)

func later(err error, reason string, delay time.Duration) error {
	return &queue.RetryAfterError{Delay: delay, Reason: reason, Err: err, Quiet: errors.Is(err, store.ErrLocked)}
}
