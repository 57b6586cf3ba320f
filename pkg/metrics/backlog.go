package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

var (
	unfinishedOperations = prometheus.NewDesc("longshore_operations", "Unfinished operations, by kind and state.", []string{"kind", "state"}, nil)
	dueChunks            = prometheus.NewDesc("longshore_due_chunks", "Chunks that are due or running, by kind of step.", []string{"kind"}, nil)
	heldChunks           = prometheus.NewDesc("longshore_held_chunks",
		"Due chunks that are held because their client's share of the queue is used up, by kind of step.", []string{"kind"}, nil)
	oldestDue = prometheus.NewDesc("longshore_oldest_due_seconds",
		"Time since the oldest chunk without an attempt became due, by kind of step; 0 if there is none.", []string{"kind"}, nil)
)

// Backlog shows the unfinished work in Postgres, at most 10 s old.
type Backlog struct{ source *source[job.Stats] }

// NewBacklog returns the collector; read reads the statistics from Postgres. While it fails, the
// metrics are omitted.
func NewBacklog(read func(context.Context) (job.Stats, error)) *Backlog {
	return &Backlog{newSource("backlog", read)}
}

// Describe implements prometheus.Collector.
func (b *Backlog) Describe(out chan<- *prometheus.Desc) {
	out <- unfinishedOperations
	out <- dueChunks
	out <- heldChunks
	out <- oldestDue
	b.source.errors.Describe(out)
}

// Collect implements prometheus.Collector. It includes kinds and states without work, as 0.
func (b *Backlog) Collect(out chan<- prometheus.Metric) {
	stats, ok := b.source.get()
	b.source.errors.Collect(out)
	if !ok {
		return
	}
	counts := make(map[job.OperationCount]int)
	for _, c := range stats.Operations {
		counts[job.OperationCount{Kind: c.Kind, State: c.State}] = c.Count
	}
	for _, kind := range operation.Kinds() {
		for _, state := range operation.States() {
			if !state.Terminal() {
				n := counts[job.OperationCount{Kind: kind, State: state}]
				out <- prometheus.MustNewConstMetric(unfinishedOperations, prometheus.GaugeValue, float64(n), string(kind), string(state))
			}
		}
	}
	due := make(map[job.Kind]job.DueCount)
	for _, d := range stats.Due {
		due[d.Kind] = d
	}
	for _, kind := range job.Kinds() {
		out <- prometheus.MustNewConstMetric(dueChunks, prometheus.GaugeValue, float64(due[kind].Chunks), string(kind))
		out <- prometheus.MustNewConstMetric(heldChunks, prometheus.GaugeValue, float64(due[kind].Held), string(kind))
		out <- prometheus.MustNewConstMetric(oldestDue, prometheus.GaugeValue, due[kind].Oldest.Seconds(), string(kind))
	}
}
