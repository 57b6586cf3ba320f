// Command janitor keeps the promises that nobody else can keep: it dispatches what the queue lost, ends stalled sessions,
// drops abandoned uploads, stops what nobody asks for, and clears away what has expired. One is enough; more do no harm.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/backing"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/janitor/internal/config"
	"github.com/longshore-io/longshore/services/janitor/internal/duty"
)

func main() { os.Exit(service.Main("janitor", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	base, err := backing.Open(ctx, env.Log, backing.Options{
		Service: env.Name, Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: "longshore-janitor", Schema: migrations.Latest()},
	})
	if err != nil {
		return err
	}
	defer base.Close()

	duties, finished := metrics.NewDuties(), metrics.NewFinished()
	base.Metrics.MustRegister(duties, finished,
		metrics.NewBacklog(base.DB.Stats),
		metrics.NewQueues(queue.NewInspector(base.Redis).Stats),
		metrics.NewRedisMemory(base.Redis.Memory),
	)
	base.Ready()
	env.Log.Info("keeping watch")
	duty.Run(ctx, env.Log, duties,
		duty.Dispatch(base.DB, base.Redis, env.Log, duties, cfg.DispatchEvery),
		duty.EndStalled(base.DB, env.Log, duties, cfg.StalledAfter),
		duty.DropAbandoned(base.DB, env.Log, duties, cfg.AbandonedAfter),
		duty.TimeOutUnpolled(base.DB, queue.NewNotifier(base.Redis), env.Log, finished),
		duty.Expire(base.DB, env.Log, cfg.ExpireEvery),
		duty.Purge(base.DB, env.Log, cfg.ExpireEvery),
		duty.ClearSplit(base.DB, cfg.ExpireEvery),
		duty.DeleteExpired(base.DB, env.Log, cfg.ExpireEvery, cfg.TombstoneRetention),
	)
	return nil
}
