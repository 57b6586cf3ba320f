// Package await waits for what tests wait for: a condition that can be seen from outside, with a deadline, and never a fixed time.
package await

import (
	"context"
	"testing"
	"time"
)

// look is how often a condition is looked at: often enough that no test waits for its own harness.
const look = 5 * time.Millisecond

// Until looks at the condition until it holds, and fails the test when it does not within the limit. What is waited for
// completes the sentence "waited in vain for …".
func Until(tb testing.TB, limit time.Duration, what string, holds func() bool) {
	tb.Helper()
	// Not tb.Context(), which has ended when cleanups wait.
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		if holds() {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			tb.Fatalf("waited %s in vain for %s", limit, what)
		}
	}
}

// Sleep returns when the time is over, or the context's error if that ends first. It is for waits that a server asks for.
func Sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Always looks at the condition for the whole window, and fails the test when it does not hold once. It is for what must not
// happen, which has no sign of its own.
func Always(tb testing.TB, window time.Duration, what string, holds func() bool) {
	tb.Helper()
	over := time.Now().Add(window)
	Until(tb, 10*window, "the end of the window", func() bool {
		if !holds() {
			tb.Fatalf("it did not stay so that %s", what)
		}
		return time.Now().After(over)
	})
}
