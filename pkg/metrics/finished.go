package metrics

import (
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/operation"
)

// operationExemplar is the exemplar label for the id of the counted operation.
const operationExemplar = "operation"

// Finished counts the operations that a service finished, by kind and final state. The last
// operation of each is an exemplar, so that a failed operation can be found from a graph. An
// operation is never counted twice, but not at all if the process dies, or the response to its
// commit is lost, before Count. It is safe for concurrent use.
type Finished struct{ *prometheus.CounterVec }

// NewFinished returns the counter. All series exist with a value of 0 from the start, so that rates
// include the first operation.
func NewFinished() *Finished {
	f := &Finished{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "longshore_operations_finished_total", Help: "Finished operations, by kind and state.",
	}, []string{"kind", "state"})}
	for _, kind := range operation.Kinds() {
		for _, state := range operation.States() {
			if state.Terminal() {
				f.WithLabelValues(string(kind), string(state))
			}
		}
	}
	return f
}

// Count counts a finished operation; the caller has committed its final state.
func (f *Finished) Count(id uuid.UUID, kind operation.Kind, state operation.State) {
	counter := f.WithLabelValues(string(kind), string(state))
	if exemplars, ok := counter.(prometheus.ExemplarAdder); ok {
		exemplars.AddWithExemplar(1, prometheus.Labels{operationExemplar: id.String()})
	}
}
