package metrics

import "github.com/prometheus/client_golang/prometheus"

// Misfits is the number of collections that do not fit their tables. It is safe for concurrent use.
type Misfits struct{ prometheus.Gauge }

// NewMisfits returns the metric.
func NewMisfits() Misfits {
	return Misfits{prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "longshore_collections_misfit", Help: "Collections that do not fit their tables, so that their imports are refused or fail.",
	})}
}
