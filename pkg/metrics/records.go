package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Records counts the outcomes of records. It is safe for concurrent use.
type Records struct{ *prometheus.CounterVec }

// NewRecords returns the counter. The series of the given collections exist with a value of 0 from
// the start, so that rates include the first records.
func NewRecords(collections ...string) *Records {
	r := &Records{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "longshore_records_total", Help: "Records whose outcome is committed, by collection and outcome.",
	}, []string{"collection", "outcome"})}
	for _, name := range collections {
		r.Count(name, operation.Counts{})
	}
	return r
}

// Count counts the records of a committed step.
func (r *Records) Count(collection string, n operation.Counts) {
	for outcome, count := range map[operation.Outcome]int{
		operation.Created: n.Created, operation.Updated: n.Updated, operation.Superseded: n.Superseded, operation.Rejected: n.Failed,
	} {
		r.WithLabelValues(collection, outcome.String()).Add(float64(count))
	}
}
