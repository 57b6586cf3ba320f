package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

var (
	operationsNow = prometheus.NewDesc("longshore_operations", "Operations that are not finished, by kind and state.", []string{"kind", "state"}, nil)
	dueChunks     = prometheus.NewDesc("longshore_due_chunks", "Chunks that are due or in a worker's hands, by the kind of work.", []string{"kind"}, nil)
	oldestDue     = prometheus.NewDesc("longshore_oldest_due_seconds",
		"How long the oldest chunk that nobody has worked on has been due, by the kind of work; 0 if there is none.", []string{"kind"}, nil)
)

// Backlog shows what is to be done, as Postgres knows it, at most 10 s old.
type Backlog struct{ source *source[job.Stats] }

// NewBacklog makes the collector; read asks Postgres, within its context. While that fails, the metrics are left out.
func NewBacklog(read func(context.Context) (job.Stats, error)) *Backlog {
	return &Backlog{newSource("backlog", read)}
}

// Describe sends what there is.
func (b *Backlog) Describe(out chan<- *prometheus.Desc) {
	out <- operationsNow
	out <- dueChunks
	out <- oldestDue
	b.source.errors.Describe(out)
}

// Collect sends how it stands, what is 0 too.
func (b *Backlog) Collect(out chan<- prometheus.Metric) {
	now, ok := b.source.get()
	b.source.errors.Collect(out)
	if !ok {
		return
	}
	counts := make(map[job.OperationCount]int)
	for _, t := range now.Operations {
		counts[job.OperationCount{Kind: t.Kind, State: t.State}] = t.Count
	}
	for _, kind := range operation.Kinds() {
		for _, state := range operation.States() {
			if !state.Terminal() {
				n := counts[job.OperationCount{Kind: kind, State: state}]
				out <- prometheus.MustNewConstMetric(operationsNow, prometheus.GaugeValue, float64(n), string(kind), string(state))
			}
		}
	}
	due := make(map[job.Kind]job.DueCount)
	for _, w := range now.Due {
		due[w.Kind] = w
	}
	for _, kind := range job.Kinds() {
		out <- prometheus.MustNewConstMetric(dueChunks, prometheus.GaugeValue, float64(due[kind].Chunks), string(kind))
		out <- prometheus.MustNewConstMetric(oldestDue, prometheus.GaugeValue, due[kind].Oldest.Seconds(), string(kind))
	}
}
