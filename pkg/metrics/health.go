package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pingTimeout bounds how long a scrape waits for Postgres or Redis.
const pingTimeout = time.Second

// Ready shows whether a service is ready, as its readiness probe does.
type Ready struct{ prometheus.GaugeFunc }

// NewReady returns the metric of a service; ready must be fast.
func NewReady(service string, ready func(context.Context) bool) Ready {
	return Ready{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "longshore_ready", Help: "1 if the process is ready (see /readyz), 0 while it starts, stops, or lacks a dependency.",
		ConstLabels: prometheus.Labels{"service": service},
	}, func() float64 { return boolValue(ready(context.Background())) })}
}

// Postgres shows whether Postgres responds.
type Postgres struct{ prometheus.GaugeFunc }

// NewPostgres returns the metric; ping sends a request to Postgres.
func NewPostgres(ping func(context.Context) error) Postgres {
	return Postgres{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "longshore_postgres_up", Help: "1 if Postgres responds to this process, else 0.",
	}, responds(ping))}
}

// Redis shows whether Redis responds.
type Redis struct{ prometheus.GaugeFunc }

// NewRedis returns the metric; ping sends a request to Redis.
func NewRedis(ping func(context.Context) error) Redis {
	return Redis{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "longshore_redis_up", Help: "1 if Redis responds to this process, else 0.",
	}, responds(ping))}
}

func responds(ping func(context.Context) error) func() float64 {
	return func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		defer cancel()
		return boolValue(ping(ctx) == nil)
	}
}

// boolValue returns 1 for true and 0 for false.
func boolValue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
