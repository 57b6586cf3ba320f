// Package patience measures how long a client may keep its connection waiting, in either direction. Only time spent in waiting for
// the client counts: a slow database is not the client's fault.
package minrate

import "time"

// Limit says how slow a client may be.
type Limit struct {
	// Grace is how long a client may keep us waiting before its bytes must have earned more, and the longest silence ever.
	Grace time.Duration
	// MinRate is how many bytes buy one second of waiting.
	MinRate int
}

// Budget is what is left of the patience with one client. What fast bytes earn is kept up to the grace, so that no client can buy
// an hour of silence with a quick gigabyte. It is not safe for concurrent use.
type Budget struct {
	terms Limit
	left  time.Duration
}

// NewBudget returns a budget of the whole grace.
func NewBudget(terms Limit) *Budget { return &Budget{terms: terms, left: terms.Grace} }

// Deadline is when a wait that begins now must end.
func (b *Budget) Deadline(now time.Time) time.Time { return now.Add(b.left) }

// Record takes a wait since began from the budget and adds what the bytes that came of it earned.
func (b *Budget) Record(began time.Time, bytes int) {
	earned := time.Duration(bytes) * time.Second / time.Duration(b.terms.MinRate)
	b.left = min(b.left-time.Since(began)+earned, b.terms.Grace)
}
