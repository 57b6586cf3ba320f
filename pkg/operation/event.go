package operation

import "time"

// Event is the visible state of an operation at one revision. The events of an operation, ordered by
// revision, are its complete history.
type Event struct {
	Revision int
	At       time.Time
	State    State
	// Progress is in percent.
	Progress int
	Phase    string
	Counts   Counts
}
