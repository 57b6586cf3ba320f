// Command janitor runs the periodic duties: it dispatches due chunks that the queue lost, ends
// stalled sessions, drops abandoned uploads, stops operations that no client polls, and deletes
// what has expired. One is enough; more do no harm.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/janitor/internal/config"
	"github.com/longshore-io/longshore/services/janitor/internal/duty"
)

func main() { os.Exit(service.Main("janitor", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	deps, err := service.Open(ctx, env, service.Options{
		Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: "longshore-janitor", Schema: migrations.Latest(), Role: grants.Worker},
	})
	if err != nil {
		return err
	}
	defer deps.Close()

	duties, finished := metrics.NewDuties(), metrics.NewFinished()
	deps.Metrics.MustRegister(duties, finished,
		metrics.NewBacklog(deps.Store.Stats),
		metrics.NewTransactions(deps.Store.OldestTransactions),
		metrics.NewQueues(queue.NewInspector(deps.Redis).Stats),
		metrics.NewRedisMemory(deps.Redis.Memory),
	)
	deps.SetReady()
	env.Log.Info("running duties")
	duty.Run(ctx, env.Log, duties,
		duty.Dispatch(deps.Store, deps.Redis, env.Log, duties, env.Tracer, cfg.DispatchEvery),
		duty.FillShares(deps.Store, deps.Redis, env.Log, cfg.DispatchEvery, cfg.Shares),
		duty.EndStalled(deps.Store, env.Log, duties, cfg.StalledAfter),
		duty.DropAbandoned(deps.Store, env.Log, duties, cfg.AbandonedAfter),
		duty.TimeOutUnpolled(deps.Store, queue.NewNotifier(deps.Redis), env.Log, finished),
		duty.Expire(deps.Store, env.Log, cfg.ExpireEvery),
		duty.Purge(deps.Store, env.Log, cfg.ExpireEvery),
		duty.ClearSplit(deps.Store, cfg.ExpireEvery),
		duty.DeleteExpired(deps.Store, env.Log, cfg.ExpireEvery, cfg.TombstoneRetention),
		duty.DeleteAudit(deps.Store, cfg.ExpireEvery, cfg.AuditRetention),
		duty.DeleteLedger(deps.Store, cfg.ExpireEvery),
		duty.DeleteUsage(deps.Store, cfg.ExpireEvery, cfg.UsageRetention),
	)
	return nil
}
