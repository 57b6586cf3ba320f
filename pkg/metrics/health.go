package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pingTimeout bounds what a scrape waits for Postgres or Redis to answer.
const pingTimeout = time.Second

// Ready shows whether a service is ready for work, as its probe of readiness would answer.
type Ready struct{ prometheus.GaugeFunc }

// NewReady makes the metric of a service; ready tells without much ado whether it is.
func NewReady(service string, ready func(context.Context) bool) Ready {
	return Ready{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "longshore_ready", Help: "1 if this process is ready for work, as /readyz tells, 0 if not: it starts, stops, or lacks what it needs.",
		ConstLabels: prometheus.Labels{"service": service},
	}, func() float64 { return oneIf(ready(context.Background())) })}
}

// Postgres shows whether Postgres answers.
type Postgres struct{ prometheus.GaugeFunc }

// NewPostgres makes the metric; ping asks Postgres, within its context.
func NewPostgres(ping func(context.Context) error) Postgres {
	return Postgres{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "longshore_postgres_up", Help: "1 if Postgres answers this service, 0 if not.",
	}, answers(ping))}
}

// Redis shows whether Redis answers.
type Redis struct{ prometheus.GaugeFunc }

// NewRedis makes the metric; ping asks Redis, within its context.
func NewRedis(ping func(context.Context) error) Redis {
	return Redis{prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "longshore_redis_up", Help: "1 if Redis answers this service, 0 if not.",
	}, answers(ping))}
}

func answers(ping func(context.Context) error) func() float64 {
	return func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		defer cancel()
		return oneIf(ping(ctx) == nil)
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
