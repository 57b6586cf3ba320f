package chaos_test

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// result is the result of a round.
type result struct {
	name                string // of the fault, or "mixture"
	operations, records int
	lost, doubled       int
	// hit contains how long it took until the work went on that the fault has hit, by its kind:
	// import, split, search, report or request.
	hit map[string][]time.Duration
}

// wrongRow counts a row that is not from the latest record of its key.
func (r *result) wrongRow(got, want written) {
	if got.number < want.number || got.number == want.number && got.row < want.row {
		r.lost++
	} else {
		r.doubled++
	}
}

// all returns the times of all kinds.
func (r *result) all() []time.Duration { return slices.Concat(slices.Collect(maps.Values(r.hit))...) }

// String returns the result in a line.
func (r result) String() string {
	times := r.all()
	return fmt.Sprintf("%d operations with %d records, %d things hit: p50 %.1f s, worst %.1f s; lost %d, doubled %d",
		r.operations, r.records, len(times), percentile(times, 50).Seconds(), percentile(times, 100).Seconds(), r.lost, r.doubled)
}

// percentile returns the smallest value that p percent of the values do not exceed, and 0 of none.
func percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max((len(sorted)*p+99)/100-1, 0)]
}

// measure finds the work that was unfinished at the time from which the recovery is measured, and
// how long after that it ended. Cancelled operations end when their client decides.
func (c *chaos) measure(r *result, lifted time.Time) {
	c.t.Helper()
	const query = `
SELECT CASE WHEN EXISTS (SELECT FROM xforce.task_chunks c WHERE c.task_id = t.task_id AND c.seq < 0) THEN 'split' ELSE kind END,
  finished_at
FROM xforce.tasks t WHERE sealed_at < $1 AND finished_at > $1 AND status <> 'cancelled'`
	var kind string
	var finished time.Time
	c.eachRow(func() { r.hit[kind] = append(r.hit[kind], finished.Sub(lifted)) }, []any{&kind, &finished}, query, lifted.UTC())
	for _, sent := range c.client.finished() {
		if sent.begun.Before(lifted) && sent.ended.After(lifted) {
			r.hit["request"] = append(r.hit["request"], sent.ended.Sub(lifted))
		}
	}
}

// finished returns the requests of the round.
func (c *caller) finished() []request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests)
}
