// Package await waits for conditions that tests can observe from outside, each with a timeout.
package await

import (
	"context"
	"testing"
	"time"
)

// interval is the time between two checks of a condition, short enough not to slow tests down.
const interval = 5 * time.Millisecond

// Until checks the condition until it is true, and fails the test when it is not within the limit.
// The description completes "waiting for …".
func Until(tb testing.TB, limit time.Duration, description string, condition func() bool) {
	tb.Helper()
	// Not tb.Context(), which is already cancelled when cleanups wait.
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if condition() {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			tb.Fatalf("timeout after %s waiting for %s", limit, description)
		}
	}
}

// Sleep waits for the duration that a server asked for, such as in Retry-After. It returns the
// context's error if that ends first.
func Sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Always checks the condition for the whole window, and fails the test when it is false once. Use it
// for things that must not happen, which nothing announces.
func Always(tb testing.TB, window time.Duration, description string, condition func() bool) {
	tb.Helper()
	end := time.Now().Add(window)
	Until(tb, 10*window, "the end of the window", func() bool {
		if !condition() {
			tb.Fatalf("no longer true within %s: %s", window, description)
		}
		return time.Now().After(end)
	})
}
