package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/job"
)

var (
	queueEntries = prometheus.NewDesc("longshore_queue_entries",
		"Entries of a queue by state: pending, active, scheduled, retry, archived.", []string{"queue", "state"}, nil)
	queueLatency   = prometheus.NewDesc("longshore_queue_latency_seconds", "How long the oldest pending entry of a queue has waited.", []string{"queue"}, nil)
	queuePaused    = prometheus.NewDesc("longshore_queue_paused", "1 if workers take nothing from a queue.", []string{"queue"}, nil)
	queueProcessed = prometheus.NewDesc("longshore_queue_processed_total", "Entries that were worked on, well or not.", []string{"queue"}, nil)
	queueFailed    = prometheus.NewDesc("longshore_queue_failed_total", "Entries that were put aside: their operation failed, or they are none of ours.", []string{"queue"}, nil)
)

// Queues shows the queues, as Redis knows them, at most 10 s old.
type Queues struct{ source *source[[]job.QueueStats] }

// NewQueues makes the collector; read asks Redis. While that fails, the metrics are left out.
func NewQueues(read func(context.Context) ([]job.QueueStats, error)) *Queues {
	return &Queues{newSource("queues", read)}
}

// Describe sends what there is.
func (q *Queues) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{queueEntries, queueLatency, queuePaused, queueProcessed, queueFailed} {
		out <- d
	}
	q.source.errors.Describe(out)
}

// Collect sends how they stand.
func (q *Queues) Collect(out chan<- prometheus.Metric) {
	queues, _ := q.source.get()
	q.source.errors.Collect(out)
	for _, one := range queues {
		for state, n := range map[string]int{
			"pending": one.Pending, "active": one.Active, "scheduled": one.Scheduled, "retry": one.Retry, "archived": one.Archived,
		} {
			out <- prometheus.MustNewConstMetric(queueEntries, prometheus.GaugeValue, float64(n), one.Name, state)
		}
		paused := 0.0
		if one.Paused {
			paused = 1
		}
		out <- prometheus.MustNewConstMetric(queueLatency, prometheus.GaugeValue, one.Latency.Seconds(), one.Name)
		out <- prometheus.MustNewConstMetric(queuePaused, prometheus.GaugeValue, paused, one.Name)
		out <- prometheus.MustNewConstMetric(queueProcessed, prometheus.CounterValue, float64(one.Processed), one.Name)
		out <- prometheus.MustNewConstMetric(queueFailed, prometheus.CounterValue, float64(one.Failed), one.Name)
	}
}
