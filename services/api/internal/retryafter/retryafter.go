// Package pace tells a client when to ask again, and when its operation may be finished.
package retryafter

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The bounds of a hint: polling faster than soonest is of no use, and past patient a person believes that it hangs, unless it is known
// that it takes long. Nobody waits longer than latest, for which the server keeps connections.
const (
	soonest = 100 * time.Millisecond
	patient = 10 * time.Second
	latest  = 30 * time.Second
)

const (
	// longShare is the share of a long wait after which it is worth to look again.
	longShare = 20
	// stillShare is the share of a standstill that one waits on: what has not moved for long is looked at less often.
	stillShare = 8
)

// Estimator tells clients when to ask again. It is safe for concurrent use.
type Estimator struct {
	now    func() time.Time
	queues *queues
}

// New makes a Pacer that knows only the operations that it is asked about.
func New(now func() time.Time) *Estimator { return &Estimator{now: now} }

// WithBacklog returns a Pacer that also knows what is queued before an operation.
func (p *Estimator) WithBacklog(backlog Backlog) *Estimator {
	return &Estimator{now: p.now, queues: &queues{backlog: backlog, now: p.now}}
}

// After is how long a client should wait before it asks for the operation again. It follows the operation's measured speed, before there is
// one what the workers have to do before it, and if that is not known either the time that has passed.
//
// Who must ask again by a deadline is told to do it in half of the time, whatever else is known.
func (p *Estimator) After(ctx context.Context, op *operation.Operation) time.Duration {
	now := p.now()
	wait := p.untilNews(ctx, now, op)
	if op.PollDeadline.IsZero() {
		return wait
	}
	return min(wait, max(op.PollDeadline.Sub(now)/2, soonest))
}

// untilNews is when there is something new to see.
func (p *Estimator) untilNews(ctx context.Context, now time.Time, op *operation.Operation) time.Duration {
	if left, measured := ownRest(now, op); measured {
		return hint(max(left, standstill(now, op)))
	}
	if queue := p.queueOf(ctx, op); queue.measured() {
		wait := queue.untilStart(op)
		if op.Kind == operation.Import {
			wait = queue.untilEnd(op)
		}
		return hint(max(wait, standstill(now, op)))
	}
	return min(max(now.Sub(op.SealedAt), soonest), patient)
}

// hint is a share of what remains, if that is long.
func hint(remaining time.Duration) time.Duration {
	most := min(max(patient, remaining/longShare), latest)
	return min(max(remaining, soonest), most)
}

// ownRest is what an operation still needs, by the speed that it had so far.
func ownRest(now time.Time, op *operation.Operation) (rest time.Duration, measured bool) {
	done, left := op.Counts.Processed(), op.Counts.Unprocessed()
	if op.Kind != operation.Import {
		done, left = op.Progress, 100-op.Progress
	}
	if done <= 0 || op.StartedAt.IsZero() {
		return 0, false
	}
	spent := max(now.Sub(op.StartedAt), 0)
	return toDuration(spent.Seconds() / float64(done) * float64(left)), true
}

func standstill(now time.Time, op *operation.Operation) time.Duration {
	if op.UpdatedAt.IsZero() {
		return 0
	}
	return now.Sub(op.UpdatedAt) / stillShare
}

// Completion is when the operation will be finished, in whole seconds, by its own measured speed or, for an import that waits, by what the
// workers have to do before it. It is zero if that is not known or the operation is finished.
func (p *Estimator) Completion(ctx context.Context, op *operation.Operation) time.Time {
	if op.State.Terminal() {
		return time.Time{}
	}
	now := p.now()
	left, known := ownRest(now, op)
	if !known && op.Kind == operation.Import {
		if queue := p.queueOf(ctx, op); queue.measured() {
			left, known = queue.untilEnd(op), true
		}
	}
	if !known {
		return time.Time{}
	}
	return now.Add(left + time.Second - 1).UTC().Truncate(time.Second)
}

// SetHeaders sets the headers of an answer about an operation that is not finished: Retry-After in whole seconds, at least 1, and
// retry-after-ms for clients that know it. On a finished one it sets nothing.
func (p *Estimator) SetHeaders(ctx context.Context, h http.Header, op *operation.Operation) {
	if op.State.Terminal() {
		return
	}
	wait := p.After(ctx, op)
	h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	h.Set("Retry-After-Ms", strconv.FormatInt(wait.Milliseconds(), 10))
}
