// Package pace tells a client when to ask again.
package pace

import (
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

// After is how long a client should wait before it asks for the operation again. It follows the operation's measured speed; before
// there is one, the waits grow with the time that has passed.
func After(op *operation.Operation, now time.Time) time.Duration {
	wait := now.Sub(op.SealedAt)
	if done := op.Counts.Processed(); done > 0 && !op.StartedAt.IsZero() {
		perRecord := float64(now.Sub(op.StartedAt)) / float64(done)
		wait = time.Duration(perRecord * float64(op.Counts.Unprocessed()))
	}
	return min(max(wait, soonest), latest)
}

// Hint sets the headers of an answer about an operation that is not finished: Retry-After in whole seconds, at least 1, and
// retry-after-ms for clients that know it. On a finished one it sets nothing.
func Hint(h http.Header, op *operation.Operation, now time.Time) {
	if op.State.Terminal() {
		return
	}
	wait := After(op, now)
	h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	h.Set("Retry-After-Ms", strconv.FormatInt(wait.Milliseconds(), 10))
}
