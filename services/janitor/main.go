// Command janitor keeps the promises that nobody else can keep: it dispatches what the queue lost, ends stalled sessions,
// drops abandoned uploads, stops what nobody asks for, and clears away what has expired. One is enough; more do no harm.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/migrations"
	shared "github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/janitor/internal/config"
	"github.com/longshore-io/longshore/services/janitor/internal/duty"
)

func main() { os.Exit(service.Main("janitor", run)) }

func run(ctx context.Context, env service.Env) error {
	cfg, err := shared.Load[config.Config](env.Environ)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, cfg.Postgres.URL, store.Options{
		Application: "longshore-janitor", MaxConns: cfg.Postgres.MaxConns, Schema: migrations.Latest(),
	})
	if err != nil {
		return err
	}
	defer db.Close()
	redis, err := queue.Open(cfg.Redis.URL, env.Log)
	if err != nil {
		return err
	}
	defer func() { _ = redis.Close() }()

	env.Log.Info("keeping watch")
	duty.Run(ctx, env.Log,
		duty.Dispatch(db, redis, env.Log, cfg.DispatchEvery),
		duty.EndStalled(db, env.Log, cfg.StalledAfter),
		duty.DropAbandoned(db, env.Log, cfg.AbandonedAfter),
		duty.TimeOutUnpolled(db, queue.NewBell(redis), env.Log),
		duty.Expire(db, env.Log, cfg.ExpireEvery),
		duty.Reclaim(db, env.Log, cfg.ExpireEvery),
		duty.ClearSplit(db, cfg.ExpireEvery),
		duty.Bury(db, env.Log, cfg.ExpireEvery, cfg.TombstoneRetention),
	)
	return nil
}
