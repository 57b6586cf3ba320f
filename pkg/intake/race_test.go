//go:build race

package intake_test

// With the race detector the body is smaller, because the detector is slow, and the limits are
// higher, because sync.Pool drops values on purpose.
const (
	flowSize     = 20_000_000
	maxPerRecord = 100
	maxPerRow    = 600
)
