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
	// Service is the program's name.
	Service string
	Redis   config.Redis
	Admin   config.Admin
	// Postgres and Store say where the database is and how the service uses it; MaxConns is taken from Postgres.
	Postgres config.Postgres
	Store    store.Options
}

// Services is what was opened.
type Services struct {
	// DB is nil if it was not asked for.
	DB    *store.Store
	Redis *queue.Redis
	// Metrics is what the admin listener shows of them; a service adds its own.
	Metrics *prometheus.Registry
	health  *admin.Admin
}

// Open starts the admin listener, so that a start can be watched, and connects to Postgres, waiting as long as configured for it to answer
// and to have a schema that is new enough. Redis may be away: nothing is lost without it. When ctx ends, the service is no longer ready.
func Open(ctx context.Context, log *slog.Logger, o Options) (*Services, error) {
	s, err := begin(ctx, log, o)
	if err != nil {
		return nil, err
	}
	if err := s.openStore(ctx, log, o); err != nil {
		s.Close()
		return nil, err
	}
	s.Metrics.MustRegister(metrics.Pools{"postgres": pool(s.DB.Connections), "redis": pool(s.Redis.Connections)})
	return s, nil
}

// OpenQueue does the same for a service that needs no Postgres.
func OpenQueue(ctx context.Context, log *slog.Logger, o Options) (*Services, error) {
	s, err := begin(ctx, log, o)
	if err != nil {
		return nil, err
	}
	s.Metrics.MustRegister(metrics.Pools{"redis": pool(s.Redis.Connections)})
	return s, nil
}

// begin opens what every service has.
func begin(ctx context.Context, log *slog.Logger, o Options) (*Services, error) {
	redis, err := queue.Open(o.Redis.URL, log)
	if err != nil {
		return nil, err
	}
	s := &Services{Redis: redis, Metrics: metrics.NewRegistry()}
	s.Metrics.MustRegister(metrics.NewBuild(o.Service), metrics.NewRedis(redis.Ping))
	if s.health, err = admin.Start(ctx, log, admin.Options{Addr: o.Admin.Addr, Metrics: s.Metrics}); err != nil {
		_ = redis.Close() // nothing is left to be told
		return nil, err
	}
	s.Metrics.MustRegister(metrics.NewReady(o.Service, s.health.Ready))
	context.AfterFunc(ctx, s.health.Drain)
	s.health.Use("redis", redis.Ping)
	return s, nil
}

func (s *Services) openStore(ctx context.Context, log *slog.Logger, o Options) (err error) {
	o.Store.MaxConns = o.Postgres.MaxConns
	var postgres asked
	s.Metrics.MustRegister(metrics.NewPostgres(postgres.ping))
	s.DB, err = s.await(ctx, log, o.Postgres.Wait, func() (*store.Store, error) {
		db, err := store.Open(ctx, o.Postgres.URL, o.Store)
		postgres.answered(db, err)
		return db, err
	})
	if err != nil {
		return err
	}
	s.health.Need("postgres", s.DB.Ping)
	return nil
}

// retryInterval is how often a start that may wait tries again.
const retryInterval = time.Second

// await tries to open the store until it succeeds, the wait is over or ctx ends, and tells probes meanwhile what it waits for.
func (s *Services) await(ctx context.Context, log *slog.Logger, wait time.Duration, open func() (*store.Store, error)) (*store.Store, error) {
	until := time.Now().Add(wait)
	for {
		opened, err := open()
		switch {
		case err == nil:
			return opened, nil
		case ctx.Err() != nil:
			return nil, ctx.Err() // asked to stop: that the database does not answer is no failure any more
		case !time.Now().Before(until):
			return nil, err
		}
		s.health.Waiting(err.Error())
		log.Info("waiting for the database", slog.Any("error", err))
		select {
		case <-ctx.Done():
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
