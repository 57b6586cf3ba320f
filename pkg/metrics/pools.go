package metrics

import "github.com/prometheus/client_golang/prometheus"

// Pool contains the statistics of a connection pool.
type Pool struct {
	// Max is the limit of the pool, Open the number of connections, Busy those in use.
	Max, Open, Busy float64
	// Waits is how often a caller had to wait for a connection, and WaitSeconds for how long in
	// total, since the start of the process.
	Waits, WaitSeconds float64
}

var (
	poolConnections = prometheus.NewDesc("longshore_pool_connections", "Connections of a pool (postgres, redis), by state: busy, idle.", []string{"pool", "state"}, nil)
	poolMax         = prometheus.NewDesc("longshore_pool_connections_max", "Maximum number of connections of a pool.", []string{"pool"}, nil)
	poolWaits       = prometheus.NewDesc("longshore_pool_waits_total", "Number of waits for a connection of a pool.", []string{"pool"}, nil)
	poolWaitSeconds = prometheus.NewDesc("longshore_pool_wait_seconds_total", "Total time spent waiting for a connection of a pool.", []string{"pool"}, nil)
)

// Pools shows connection pools, by name.
type Pools map[string]func() Pool

// Describe implements prometheus.Collector.
func (Pools) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConnections, poolMax, poolWaits, poolWaitSeconds} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (p Pools) Collect(out chan<- prometheus.Metric) {
	for name, stats := range p {
		s := stats()
		out <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, s.Busy, name, "busy")
		out <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, s.Open-s.Busy, name, "idle")
		out <- prometheus.MustNewConstMetric(poolMax, prometheus.GaugeValue, s.Max, name)
		out <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, s.Waits, name)
		out <- prometheus.MustNewConstMetric(poolWaitSeconds, prometheus.CounterValue, s.WaitSeconds, name)
	}
}
