package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Duties measures the duties of the janitor. It is safe for concurrent use.
type Duties struct {
	seconds *prometheus.HistogramVec
	rescues *prometheus.CounterVec
}

// NewDuties returns the metrics.
func NewDuties() *Duties {
	return &Duties{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "longshore_duty_seconds", Help: "Duration of the passes of the janitor's duties, by duty and result: ok, error.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 30},
		}, []string{"duty", "result"}),
		rescues: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "longshore_rescues_total", Help: "Rescues by the janitor, by duty: chunks dispatched again, sessions ended, uploads dropped.",
		}, []string{"duty"}),
	}
}

// Observe records one pass of a duty, and whether it failed.
func (d *Duties) Observe(duty string, elapsed time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	d.seconds.WithLabelValues(duty, result).Observe(elapsed.Seconds())
}

// Rescued counts rescues by a duty. A call with 0 at the start creates the series.
func (d *Duties) Rescued(duty string, n int) { d.rescues.WithLabelValues(duty).Add(float64(n)) }

// Describe implements prometheus.Collector.
func (d *Duties) Describe(out chan<- *prometheus.Desc) {
	d.seconds.Describe(out)
	d.rescues.Describe(out)
}

// Collect implements prometheus.Collector.
func (d *Duties) Collect(out chan<- prometheus.Metric) {
	d.seconds.Collect(out)
	d.rescues.Collect(out)
}
