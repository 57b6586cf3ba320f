package metrics

import "github.com/prometheus/client_golang/prometheus"

// Pool is how a pool of connections stands.
type Pool struct {
	// Most is how many connections there may be, Open how many there are, and Busy how many of them are in use.
	Most, Open, Busy float64
	// Waits is how often somebody had to wait for one, and WaitSeconds how long altogether, since the start.
	Waits, WaitSeconds float64
}

var (
	poolConnections = prometheus.NewDesc("longshore_pool_connections", "Connections of a pool (postgres, redis) by state: busy, idle.", []string{"pool", "state"}, nil)
	poolMost        = prometheus.NewDesc("longshore_pool_connections_max", "Most connections of a pool.", []string{"pool"}, nil)
	poolWaits       = prometheus.NewDesc("longshore_pool_waits_total", "How often somebody had to wait for a connection.", []string{"pool"}, nil)
	poolWaited      = prometheus.NewDesc("longshore_pool_wait_seconds_total", "Time spent in waiting for a connection.", []string{"pool"}, nil)
)

// Pools shows pools by their names, as they stand when asked.
type Pools map[string]func() Pool

// Describe sends what there is.
func (Pools) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConnections, poolMost, poolWaits, poolWaited} {
		out <- d
	}
}

// Collect asks every pool.
func (p Pools) Collect(out chan<- prometheus.Metric) {
	for name, stat := range p {
		s := stat()
		out <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, s.Busy, name, "busy")
		out <- prometheus.MustNewConstMetric(poolConnections, prometheus.GaugeValue, s.Open-s.Busy, name, "idle")
		out <- prometheus.MustNewConstMetric(poolMost, prometheus.GaugeValue, s.Most, name)
		out <- prometheus.MustNewConstMetric(poolWaits, prometheus.CounterValue, s.Waits, name)
		out <- prometheus.MustNewConstMetric(poolWaited, prometheus.CounterValue, s.WaitSeconds, name)
	}
}
