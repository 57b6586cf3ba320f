package search

import "time"

// Limits of the number of rows that a step reads. A step should take about stepTime: long compared
// with the overhead of a step, short enough for partial results, for cancelling, and for other
// entries of the queue.
const (
	stepTime   = 250 * time.Millisecond
	firstBatch = 5000
	minBatch   = 1000
	maxBatch   = 100_000
	// maxGrowth limits how much larger the next batch is, because one fast step may be an exception. It
	// is also the factor by which a retry shrinks.
	maxGrowth = 4
	// minRetryBatch limits how small the batch of a retry becomes.
	minRetryBatch = 10
)

// nextBatch returns the batch size of the next step, after a batch that took elapsed to read.
func nextBatch(batch int, elapsed time.Duration) int {
	fitting := float64(batch) * float64(stepTime) / float64(max(elapsed, time.Microsecond))
	fitting = min(fitting, float64(batch)*maxGrowth, maxBatch)
	return max(int(fitting), min(minBatch, batch))
}

// retryBatch returns the batch size of an attempt: a quarter of that of the attempt before.
func retryBatch(batch, attempt int) int {
	for range attempt - 1 {
		batch /= maxGrowth
	}
	return max(batch, minRetryBatch)
}
