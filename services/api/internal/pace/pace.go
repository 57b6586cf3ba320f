// Package pace tells a client when to ask again.
package pace

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The bounds of a hint: polling faster than the one is of no use, and past the other a person believes that it hangs.
const (
	soonest = 100 * time.Millisecond
	latest  = 10 * time.Second
)

// Pacer tells clients when to ask again. It is safe for concurrent use.
type Pacer struct {
	now func() time.Time
}

// New makes a Pacer.
func New(now func() time.Time) *Pacer { return &Pacer{now: now} }

// After is how long a client should wait before it asks for the operation again. It follows the operation's measured speed; before
// there is one, the waits grow with the time that has passed.
func (p *Pacer) After(_ context.Context, op *operation.Operation) time.Duration {
	now := p.now()
	wait := now.Sub(op.SealedAt)
	if done := op.Counts.Processed(); done > 0 && !op.StartedAt.IsZero() {
		perRecord := float64(now.Sub(op.StartedAt)) / float64(done)
		wait = time.Duration(perRecord * float64(op.Counts.Unprocessed()))
	}
	return min(max(wait, soonest), latest)
}

// Hint sets the headers of an answer about an operation that is not finished: Retry-After in whole seconds, at least 1, and
// retry-after-ms for clients that know it. On a finished one it sets nothing.
func (p *Pacer) Hint(ctx context.Context, h http.Header, op *operation.Operation) {
	if op.State.Terminal() {
		return
	}
	wait := p.After(ctx, op)
	h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	h.Set("Retry-After-Ms", strconv.FormatInt(wait.Milliseconds(), 10))
}
