package operation

import "slices"

// State is the state of an operation, as in xforce.tasks.status.
type State string

// The states. Each dialect has its own names for them.
const (
	// Receiving: the body is being received. Clients cannot see the operation, and no worker processes it.
	Receiving State = "receiving"
	// Waiting: accepted and durable; no worker has started.
	Waiting State = "waiting"
	// Running: a worker has started.
	Running State = "running"
	// Succeeded: every record was processed. Records may have been rejected, even all of them.
	Succeeded State = "succeeded"
	// Failed: failed as a whole; unprocessed records stay unprocessed.
	Failed State = "failed"
	// Cancelled: stopped by a client; committed records stay and are counted.
	Cancelled State = "cancelled"
	// TimedOut: stopped because its client did not poll in time; only kinds with a poll deadline.
	TimedOut State = "timed_out"
)

// transitions are the allowed changes of state. A state without an entry is terminal. A small import succeeds in the
// transaction in which it is started, and is then never seen running.
var transitions = map[State][]State{
	Receiving: {Waiting},
	Waiting:   {Running, Succeeded, Failed, Cancelled, TimedOut},
	Running:   {Succeeded, Failed, Cancelled, TimedOut},
}

// States returns all states in the order in which an operation has them.
func States() []State {
	return []State{Receiving, Waiting, Running, Succeeded, Failed, Cancelled, TimedOut}
}

// CanBecome reports whether an operation may change from s to next.
func (s State) CanBecome(next State) bool {
	return slices.Contains(transitions[s], next)
}

// Terminal reports whether the state is final.
func (s State) Terminal() bool {
	return len(transitions[s]) == 0
}

// Live reports whether workers may process the operation.
func (s State) Live() bool {
	return s == Waiting || s == Running
}
