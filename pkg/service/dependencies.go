package service

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// Options configures the dependencies of a service.
type Options struct {
	Redis config.Redis
	Admin config.Admin
	// Postgres and Store configure the database; Open sets what Store and Postgres have
	// in common.
	Postgres config.Postgres
	Store    store.Options
}

// Dependencies are the open connections of a service and its admin listener.
type Dependencies struct {
	// Store is nil after OpenQueue.
	Store *store.Store
	Redis *queue.Redis
	// Metrics are served by the admin listener. A service registers its own.
	Metrics *prometheus.Registry
	admin   *admin
}

// Open starts the admin listener, so that operators can watch the start, and connects to Postgres
// and Redis. It waits up to Postgres.Wait for Postgres to answer and to have the required schema.
// Redis may be away: no data depends on it. A Redis that
// answers and can't be used is an error. When ctx ends, the service is no longer ready.
func Open(ctx context.Context, env Env, o Options) (*Dependencies, error) {
	d, err := openShared(ctx, env, o)
	if err != nil {
		return nil, err
	}
	if err := d.openStore(ctx, env, o); err != nil {
		d.Close()
		return nil, err
	}
	d.Metrics.MustRegister(metrics.Pools{"postgres": poolMetrics(d.Store.Connections), "redis": poolMetrics(d.Redis.Connections)})
	return d, nil
}

// OpenQueue is Open for a service that does not use Postgres.
func OpenQueue(ctx context.Context, env Env, o Options) (*Dependencies, error) {
	d, err := openShared(ctx, env, o)
	if err != nil {
		return nil, err
	}
	d.Metrics.MustRegister(metrics.Pools{"redis": poolMetrics(d.Redis.Connections)})
	return d, nil
}

// openShared opens the dependencies that every service has.
func openShared(ctx context.Context, env Env, o Options) (*Dependencies, error) {
	redis, err := openRedis(ctx, o.Redis, env)
	if err != nil {
		return nil, err
	}
	d := &Dependencies{Redis: redis, Metrics: metrics.NewRegistry()}
	d.Metrics.MustRegister(metrics.NewBuild(env.Name, readVersion().version), metrics.NewRedis(redis.Ping))
	if d.admin, err = startAdmin(ctx, env.Log, o.Admin, d.Metrics); err != nil {
		_ = redis.Close() // the first error counts
		return nil, err
	}
	d.Metrics.MustRegister(metrics.NewReady(env.Name, d.admin.ready))
	context.AfterFunc(ctx, d.admin.drain)
	d.admin.add(&probe{name: "redis", check: redis.Ping})
	return d, nil
}

// redisCheckTimeout bounds how long a start waits for Redis to answer. A slower one is checked later, by
// the readiness probe.
const redisCheckTimeout = time.Second

// openRedis opens the connection to Redis. It returns an error if Redis answers and can't be used; a
// Redis that does not answer is no reason to stop.
func openRedis(ctx context.Context, cfg config.Redis, env Env) (*queue.Redis, error) {
	redis, err := queue.Open(cfg, env.Log)
	if err != nil {
		return nil, err
	}
	if env.Tracer != nil {
		if err := redis.Trace(env.Tracer); err != nil {
			_ = redis.Close() // the first error counts
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, redisCheckTimeout)
	defer cancel()
	if unusable, ok := errors.AsType[*queue.UnusableError](redis.Check(ctx)); ok {
		_ = redis.Close() // the first error counts
		return nil, unusable
	}
	return redis, nil
}

// poolMetrics converts the statistics of a connection pool to the units of metrics.
func poolMetrics(connections func() (most, open, busy int, waits int64, waited time.Duration)) func() metrics.Pool {
	return func() metrics.Pool {
		most, open, busy, waits, waited := connections()
		return metrics.Pool{
			Max: float64(most), Open: float64(open), Busy: float64(busy), Waits: float64(waits), WaitSeconds: waited.Seconds(),
		}
	}
}

// SetReady marks the service as started: from now on it is ready while its dependencies are.
func (d *Dependencies) SetReady() { d.admin.setStarted() }

// Close closes every connection, and the admin listener last.
func (d *Dependencies) Close() {
	if d.Store != nil {
		d.Store.Close()
	}
	_ = d.Redis.Close() // the process ends
	d.admin.stop()
}
