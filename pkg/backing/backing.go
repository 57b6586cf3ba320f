// Package backing opens what every service stands on, its backing services in the sense of the twelve factors: Postgres, Redis, and the
// listener where operators see how they are.
package backing

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/admin"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// Options says where everything is.
type Options struct {
	Postgres config.Postgres
	Redis    config.Redis
	Admin    config.Admin
	// Store says how the service uses Postgres; MaxConns is taken from Postgres.
	Store store.Options
}

// Services is what was opened.
type Services struct {
	DB      *store.Store
	Redis   *queue.Redis
	Metrics *prometheus.Registry
	health  *admin.Admin
}

// Open starts the admin listener, so that a start can be watched, and connects to Postgres, waiting for it as long as configured. Redis may
// be away: nothing is lost without it. When ctx ends, the service is no longer ready.
func Open(ctx context.Context, log *slog.Logger, o Options) (*Services, error) {
	s := &Services{Metrics: metrics.NewRegistry()}
	health, err := admin.Start(ctx, log, admin.Options{Addr: o.Admin.Addr, Metrics: s.Metrics})
	if err != nil {
		return nil, err
	}
	s.health = health
	context.AfterFunc(ctx, health.Drain)
	if err := s.open(ctx, log, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Services) open(ctx context.Context, log *slog.Logger, o Options) (err error) {
	o.Store.MaxConns = o.Postgres.MaxConns
	if s.Redis, err = queue.Open(o.Redis.URL, log); err != nil {
		return err
	}
	if s.DB, err = await(ctx, log, o.Postgres.Wait, func() (*store.Store, error) { return store.Open(ctx, o.Postgres.URL, o.Store) }); err != nil {
		return err
	}
	s.health.Need("postgres", s.DB.Ping)
	s.health.Use("redis", s.Redis.Ping)
	s.Metrics.MustRegister(metrics.Pools{"postgres": pool(s.DB.Connections), "redis": pool(s.Redis.Connections)})
	return nil
}

// retryInterval is how often a start that may wait tries again.
const retryInterval = time.Second

// await tries to open something until it succeeds or the wait is over.
func await[T any](ctx context.Context, log *slog.Logger, wait time.Duration, open func() (T, error)) (T, error) {
	until := time.Now().Add(wait)
	for {
		opened, err := open()
		if err == nil || !time.Now().Before(until) {
			return opened, err
		}
		log.Info("waiting for the database", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return opened, err
		case <-time.After(retryInterval):
		}
	}
}

// pool tells a pool's state in the units of metrics.
func pool(connections func() (most, open, busy int, waits int64, waited time.Duration)) func() metrics.Pool {
	return func() metrics.Pool {
		most, open, busy, waits, waited := connections()
		return metrics.Pool{
			Most: float64(most), Open: float64(open), Busy: float64(busy), Waits: float64(waits), WaitSeconds: waited.Seconds(),
		}
	}
}

// Ready says that the service has begun its work.
func (s *Services) Ready() { s.health.Started() }

// Close ends every connection, and the admin listener last of all.
func (s *Services) Close() {
	if s.DB != nil {
		s.DB.Close()
	}
	if s.Redis != nil {
		_ = s.Redis.Close() // nothing is left to be told
	}
	s.health.Stop()
}
