// Package metrics holds every metric of Longshore that more than one service shows, so that a name means one thing, and the collectors of
// what lies in Postgres and Redis. All names begin with longshore_; times are in seconds (Prometheus' naming practices).
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns a registry that shows the process and the Go runtime.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Work counts what a worker does. It is safe for concurrent use.
type Work struct {
	steps   *prometheus.HistogramVec
	records *prometheus.CounterVec
}

// NewWork registers the metrics of a worker.
func NewWork(r prometheus.Registerer) *Work {
	w := &Work{
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "longshore_step_seconds", Help: "Time of a step, by kind of work and how it ended: done, later, failed.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60, 300},
		}, []string{"kind", "end"}),
		records: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_records_total", Help: "Records whose outcome was committed, by collection and outcome.",
		}, []string{"collection", "outcome"}),
	}
	r.MustRegister(w.steps, w.records)
	return w
}

// Step notes a step that began at began.
func (w *Work) Step(kind, end string, began time.Time) {
	w.steps.WithLabelValues(kind, end).Observe(time.Since(began).Seconds())
}

// Records notes records with an outcome.
func (w *Work) Records(collection, outcome string, n int) {
	if n > 0 {
		w.records.WithLabelValues(collection, outcome).Add(float64(n))
	}
}
