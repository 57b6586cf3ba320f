package search

import "time"

// How many rows a step looks at: as many as take about stepTime, which is long against the cost of a step, and short enough for partial
// results, for cancelling, and for others in the queue.
const (
	stepTime  = 250 * time.Millisecond
	firstRows = 5000
	leastRows = 1000
	mostRows  = 100_000
	// growth bounds how much more the next step looks at: one quick step proves little.
	growth = 4
	// fewestRows is what is left after attempts that took too long.
	fewestRows = 10
)

// nextRows is how many rows the next step looks at, after one of so many rows took so long.
func nextRows(rows int, took time.Duration) int {
	fitting := float64(rows) * float64(stepTime) / float64(max(took, time.Microsecond))
	fitting = min(fitting, float64(rows)*growth, mostRows)
	return max(int(fitting), min(leastRows, rows))
}

// fewerRows is how many rows an attempt looks at: a quarter of those of the attempt before, which failed.
func fewerRows(rows, attempt int) int {
	for range attempt - 1 {
		rows /= growth
	}
	return max(rows, fewestRows)
}
