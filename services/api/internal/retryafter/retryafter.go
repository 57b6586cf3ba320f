// Package retryafter estimates when a client should poll an operation again, and when the operation
// will be finished.
package retryafter

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Bounds of the delay. Polling faster than minDelay has no use. Without an estimate, or with a short
// one, the delay does not exceed defaultMaxDelay, so that people see progress. For operations that
// are known to take long it may reach maxDelay; the server keeps idle connections longer than that.
const (
	minDelay        = 100 * time.Millisecond
	defaultMaxDelay = 10 * time.Second
	maxDelay        = 30 * time.Second
)

// A measured speed is uncertain while the operation has run for a short time, and most records may still await
// their parents. The delay is at most the time that it has run so far, but not limited to less than this.
const minUncertain = time.Second

const (
	// longWaitDivisor makes the delay 1/20 of a long remaining time.
	longWaitDivisor = 20
	// stalledDivisor makes the delay at least 1/8 of the time since the last change, so that an
	// operation without progress is polled less and less often.
	stalledDivisor = 8
)

// Estimator computes polling delays and completion times. It is safe for concurrent use.
type Estimator struct {
	now      func() time.Time
	backlogs *backlogCache
}

// New returns an estimator that knows only the polled operation itself.
func New(now func() time.Time) *Estimator { return &Estimator{now: now} }

// WithBacklog returns an estimator that also knows what is queued before the operation.
func (e *Estimator) WithBacklog(backlog Backlog) *Estimator {
	return &Estimator{now: e.now, backlogs: &backlogCache{backlog: backlog, now: e.now}}
}

// After is how long a client should wait before it polls the operation again. It is estimated from
// the operation's measured speed, otherwise from the work that is queued before it, otherwise from
// the time since it was accepted. If the operation has a poll deadline, the delay is at most half of
// the time until then.
func (e *Estimator) After(ctx context.Context, op *operation.Operation) time.Duration {
	now := e.now()
	delay := e.untilChange(ctx, now, op)
	if op.PollDeadline.IsZero() {
		return delay
	}
	return min(delay, max(op.PollDeadline.Sub(now)/2, minDelay))
}

// untilChange estimates when the status of the operation will change next.
func (e *Estimator) untilChange(ctx context.Context, now time.Time, op *operation.Operation) time.Duration {
	if remaining, measured := remainingTime(now, op); measured {
		return min(delayFor(max(remaining, stalledDelay(now, op))), max(now.Sub(op.StartedAt), minUncertain))
	}
	if queue := e.backlogOf(ctx, op); queue.measured() {
		remaining := queue.untilStart(op)
		if op.Kind == operation.Import {
			remaining = queue.untilEnd(op)
		}
		return delayFor(max(remaining, stalledDelay(now, op)))
	}
	return min(max(now.Sub(op.SealedAt), minDelay), defaultMaxDelay)
}

// delayFor returns the remaining time, or a fraction of it if it is long.
func delayFor(remaining time.Duration) time.Duration {
	limit := min(max(defaultMaxDelay, remaining/longWaitDivisor), maxDelay)
	return min(max(remaining, minDelay), limit)
}

// remainingTime extrapolates the remaining time of a running operation from its progress.
func remainingTime(now time.Time, op *operation.Operation) (remaining time.Duration, measured bool) {
	done, left := op.Counts.Processed(), op.Counts.Unprocessed()
	if op.Kind != operation.Import {
		done, left = op.Progress, 100-op.Progress
	}
	if done <= 0 || op.StartedAt.IsZero() {
		return 0, false
	}
	elapsed := max(now.Sub(op.StartedAt), 0)
	return toDuration(elapsed.Seconds() / float64(done) * float64(left)), true
}

func stalledDelay(now time.Time, op *operation.Operation) time.Duration {
	if op.UpdatedAt.IsZero() {
		return 0
	}
	return now.Sub(op.UpdatedAt) / stalledDivisor
}

// Completion estimates when the operation will be finished, rounded up to seconds. It is estimated
// from the operation's measured speed or, for a waiting import, from the work that is queued before
// it. It is zero if neither is known, or if the operation is finished.
func (e *Estimator) Completion(ctx context.Context, op *operation.Operation) time.Time {
	if op.State.Terminal() {
		return time.Time{}
	}
	now := e.now()
	remaining, known := remainingTime(now, op)
	if !known && op.Kind == operation.Import {
		if queue := e.backlogOf(ctx, op); queue.measured() {
			remaining, known = queue.untilEnd(op), true
		}
	}
	if !known {
		return time.Time{}
	}
	return now.Add(remaining + time.Second - 1).UTC().Truncate(time.Second)
}

// SetHeaders sets Retry-After, in whole seconds and at least 1, and retry-after-ms. It sets nothing
// for a finished operation.
func (e *Estimator) SetHeaders(ctx context.Context, h http.Header, op *operation.Operation) {
	if op.State.Terminal() {
		return
	}
	delay := e.After(ctx, op)
	h.Set("Retry-After", strconv.Itoa(int((delay+time.Second-1)/time.Second)))
	h.Set("Retry-After-Ms", strconv.FormatInt(delay.Milliseconds(), 10))
}
