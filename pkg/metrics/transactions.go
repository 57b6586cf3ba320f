package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var oldestTransaction = prometheus.NewDesc("longshore_oldest_transaction_seconds",
	"Age of the oldest transaction that keeps vacuum from removing rows, by name of the session; 0 if there is none.", []string{"session"}, nil)

// Transactions shows the oldest transactions of Longshore's sessions in Postgres, at most 10 s old.
type Transactions struct {
	source *source[map[string]time.Duration]
}

// NewTransactions returns the collector; read reads the ages from Postgres, by name of the session.
// While it fails, the metric is omitted.
func NewTransactions(read func(context.Context) (map[string]time.Duration, error)) *Transactions {
	return &Transactions{newSource("transactions", read)}
}

// Describe implements prometheus.Collector.
func (t *Transactions) Describe(out chan<- *prometheus.Desc) {
	out <- oldestTransaction
	t.source.errors.Describe(out)
}

// Collect implements prometheus.Collector.
func (t *Transactions) Collect(out chan<- prometheus.Metric) {
	ages, ok := t.source.get()
	t.source.errors.Collect(out)
	if !ok {
		return
	}
	for session, age := range ages {
		out <- prometheus.MustNewConstMetric(oldestTransaction, prometheus.GaugeValue, age.Seconds(), session)
	}
}
