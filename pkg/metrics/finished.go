package metrics

import (
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/operation"
)

// operationExemplar is the label of an exemplar: the id of the operation that was counted.
const operationExemplar = "operation"

// Finished counts the operations that ended in the hands of a service, by kind and by how they ended. The last one of each is named by an
// exemplar, so that an operation that failed is found from a graph. Some may be lacking, but none is counted twice: what ended is not counted if
// the process dies, or the answer of its commit is lost, just before. It is safe for concurrent use.
type Finished struct{ *prometheus.CounterVec }

// NewFinished makes the counter, with a series for every kind and end from the start: a rate needs a zero to begin with.
func NewFinished() *Finished {
	f := &Finished{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "longshore_operations_finished_total", Help: "Operations that ended, by kind and state.",
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

// Count counts an operation once it has ended, which the caller has seen committed.
func (f *Finished) Count(id uuid.UUID, kind operation.Kind, state operation.State) {
	counter := f.WithLabelValues(string(kind), string(state))
	if named, ok := counter.(prometheus.ExemplarAdder); ok {
		named.AddWithExemplar(1, prometheus.Labels{operationExemplar: id.String()})
	}
}
