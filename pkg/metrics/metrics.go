// Package metrics holds every metric of Longshore that more than one service shows, so that a name means one thing, and the collectors of
// what lies in Postgres and Redis. All names begin with longshore_; times are in seconds (Prometheus' naming practices).
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns a registry that shows the process and the Go runtime.
func NewRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}
