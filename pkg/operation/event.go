package operation

import "time"

// Event is what clients could see of an operation at one revision. The events of an operation, in the order of their revisions, are
// its whole life without a gap.
type Event struct {
	Revision int
	At       time.Time
	State    State
	// Progress is in percent.
	Progress int
	Phase    string
	Counts   Counts
}
