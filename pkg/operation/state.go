package operation

import "slices"

// State is where an operation stands in its life. Its value is what xforce.tasks.status holds.
type State string

// The states of design section 5. Each dialect has its own words for them.
const (
	// Receiving: the body is still arriving. No dialect shows it and no worker touches it.
	Receiving State = "receiving"
	// Waiting: sealed and durable, no worker has begun.
	Waiting State = "waiting"
	// Running: a worker has begun.
	Running State = "running"
	// Succeeded: every record was processed. Some or all of them may have been rejected.
	Succeeded State = "succeeded"
	// Failed: given up as a whole; what had not been processed never will be.
	Failed State = "failed"
	// Cancelled: stopped by a client; what was committed before stays and is counted.
	Cancelled State = "cancelled"
	// TimedOut: stopped because its client no longer polled, where the kind asks for that.
	TimedOut State = "timed_out"
)

// transitions is the one table of legal moves. A state without a row is terminal.
var transitions = map[State][]State{
	Receiving: {Waiting},
	Waiting:   {Running, Failed, Cancelled, TimedOut},
	Running:   {Succeeded, Failed, Cancelled, TimedOut},
}

// States lists every state in the order of an operation's life.
func States() []State {
	return []State{Receiving, Waiting, Running, Succeeded, Failed, Cancelled, TimedOut}
}

// CanBecome reports whether an operation in state s may move to next.
func (s State) CanBecome(next State) bool {
	return slices.Contains(transitions[s], next)
}

// Terminal reports whether nothing can follow: a terminal operation never changes again.
func (s State) Terminal() bool {
	return len(transitions[s]) == 0
}

// Live reports whether workers may act on the operation.
func (s State) Live() bool {
	return s == Waiting || s == Running
}
