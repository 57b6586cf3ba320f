package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/job"
)

var (
	queueEntries = prometheus.NewDesc("longshore_queue_entries",
		"Entries of a queue, by state: pending, active, scheduled, retry, archived.", []string{"queue", "state"}, nil)
	queueLatency   = prometheus.NewDesc("longshore_queue_latency_seconds", "Age of the oldest pending entry of a queue.", []string{"queue"}, nil)
	queuePaused    = prometheus.NewDesc("longshore_queue_paused", "1 if a queue is paused, else 0.", []string{"queue"}, nil)
	queueProcessed = prometheus.NewDesc("longshore_queue_processed_total", "Processed entries of a queue, including failed ones.", []string{"queue"}, nil)
	queueFailed    = prometheus.NewDesc("longshore_queue_failed_total",
		"Archived entries of a queue: their operation failed, or they were not created by Longshore.", []string{"queue"}, nil)
)

// Queues shows the queues in Redis, at most 10 s old.
type Queues struct{ source *source[[]job.QueueStats] }

// NewQueues returns the collector; read reads the statistics from Redis. While it fails, the metrics
// are omitted.
func NewQueues(read func(context.Context) ([]job.QueueStats, error)) *Queues {
	return &Queues{newSource("queues", read)}
}

// Describe implements prometheus.Collector.
func (q *Queues) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{queueEntries, queueLatency, queuePaused, queueProcessed, queueFailed} {
		out <- d
	}
	q.source.errors.Describe(out)
}

// Collect implements prometheus.Collector.
func (q *Queues) Collect(out chan<- prometheus.Metric) {
	queues, _ := q.source.get()
	q.source.errors.Collect(out)
	for _, s := range queues {
		for state, n := range map[string]int{
			"pending": s.Pending, "active": s.Active, "scheduled": s.Scheduled, "retry": s.Retry, "archived": s.Archived,
		} {
			out <- prometheus.MustNewConstMetric(queueEntries, prometheus.GaugeValue, float64(n), s.Name, state)
		}
		out <- prometheus.MustNewConstMetric(queueLatency, prometheus.GaugeValue, s.Latency.Seconds(), s.Name)
		out <- prometheus.MustNewConstMetric(queuePaused, prometheus.GaugeValue, boolValue(s.Paused), s.Name)
		out <- prometheus.MustNewConstMetric(queueProcessed, prometheus.CounterValue, float64(s.Processed), s.Name)
		out <- prometheus.MustNewConstMetric(queueFailed, prometheus.CounterValue, float64(s.Failed), s.Name)
	}
}
