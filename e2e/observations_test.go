package e2e_test

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// observedOperation collects the responses about one operation, of all goroutines.
type observedOperation struct {
	op           startedOperation
	mu           sync.Mutex
	observations []observation
}

// observation is a response: at some time between the request and the response, the operation was
// in one of the states.
type observation struct {
	description  string
	began, ended time.Time
	states       []string
}

func (o *observedOperation) add(one observation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.observations = append(o.observations, one)
}

// contradictions returns descriptions of responses that cannot both be true. If a response was
// complete before the request of another, a state of the later one must be able to follow a state
// of the earlier one. An operation never returns to a state, so between two responses with the same
// state it had that state. Responses that overlap are not compared.
func (o *observedOperation) contradictions() (found []string) {
	slices.SortFunc(o.observations, func(a, b observation) int { return a.began.Compare(b.began) })
	for i, later := range o.observations {
		for _, earlier := range o.observations[:i] {
			if earlier.ended.After(later.began) {
				continue
			}
			possible := slices.DeleteFunc(slices.Clone(o.observations[i].states), func(state string) bool {
				return !slices.ContainsFunc(earlier.states, func(from string) bool { return canBecome(from, state) })
			})
			if len(possible) == 0 {
				found = append(found, fmt.Sprintf("%s after %s", later.description, earlier.description))
				break
			}
			// Only the possible states of an ambiguous response are compared with the responses
			// after it.
			o.observations[i].states = possible
		}
	}
	return found
}

// goneStates contains the states of an operation that answers 410.
var goneStates = []string{"gone succeeded", "gone failed", "gone cancelled", "gone timed_out"}

// canBecome reports whether an operation in a state can be in another later, or still in the same.
func canBecome(from, to string) bool {
	switch from {
	case "waiting", to:
		return true
	case "running":
		return to != "waiting"
	default:
		return to == "gone "+from
	}
}
