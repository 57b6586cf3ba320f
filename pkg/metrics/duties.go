package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Duties tells of the janitor's work. It is safe for concurrent use.
type Duties struct {
	seconds *prometheus.HistogramVec
	rescues *prometheus.CounterVec
}

// NewDuties makes the metrics.
func NewDuties() *Duties {
	return &Duties{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "longshore_duty_seconds", Help: "How long one pass of a duty of the janitor took, by duty and result: ok, error.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30},
		}, []string{"duty", "result"}),
		rescues: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_rescues_total", Help: "What the janitor had to rescue, by duty: chunks dispatched again, sessions ended, uploads dropped.",
		}, []string{"duty"}),
	}
}

// Took notes one pass of a duty, and whether it failed.
func (d *Duties) Took(duty string, took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	d.seconds.WithLabelValues(duty, result).Observe(took.Seconds())
}

// Rescued counts what a duty had to rescue. A duty that calls it with 0 at the start shows from then on.
func (d *Duties) Rescued(duty string, n int) { d.rescues.WithLabelValues(duty).Add(float64(n)) }

// Describe sends what there is.
func (d *Duties) Describe(out chan<- *prometheus.Desc) {
	d.seconds.Describe(out)
	d.rescues.Describe(out)
}

// Collect sends how it stands.
func (d *Duties) Collect(out chan<- prometheus.Metric) {
	d.seconds.Collect(out)
	d.rescues.Collect(out)
}
