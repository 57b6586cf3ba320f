//go:build race

package intake_test

// flowSize is smaller with the race detector, which is slow, and under which sync.Pool forgets on purpose.
const (
	flowSize    = 20_000_000
	perRecord   = 100
	perTableRow = 600
)
