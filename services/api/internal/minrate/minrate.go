// Package minrate enforces a minimum transfer rate on a connection, in either direction. Only time
// spent waiting for the client counts, not the time that the service needs itself.
package minrate

import "time"

// Limit is the minimum transfer rate of a client.
type Limit struct {
	// Grace is how long a client may keep the service waiting before the minimum rate applies. It
	// also bounds every single pause.
	Grace time.Duration
	// MinRate is the minimum rate after that, in bytes per second.
	MinRate int
}

// Budget is the time that a client may still keep the service waiting. It never exceeds the grace
// period, so that a client cannot send a gigabyte quickly and then block its connection for an
// hour. It is not safe for concurrent use.
type Budget struct {
	limit     Limit
	remaining time.Duration
}

// NewBudget returns a budget of the whole grace period.
func NewBudget(limit Limit) *Budget { return &Budget{limit: limit, remaining: limit.Grace} }

// Deadline is when a wait that starts now must end.
func (b *Budget) Deadline(now time.Time) time.Time { return now.Add(b.remaining) }

// Record subtracts the time since started, and adds the time that the transferred bytes may take at
// the minimum rate.
func (b *Budget) Record(started time.Time, bytes int) {
	earned := time.Duration(bytes) * time.Second / time.Duration(b.limit.MinRate)
	b.remaining = min(b.remaining-time.Since(started)+earned, b.limit.Grace)
}
