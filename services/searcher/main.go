// Command searcher takes searches from the queue, finds their records step by step and stores the
// results in Postgres. Any number of processes can run side by side.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/searcher/internal/config"
	"github.com/longshore-io/longshore/services/searcher/internal/search"
)

func main() { os.Exit(service.Main("searcher", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	deps, err := service.Open(ctx, env, service.Options{
		Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: store.SearcherSessions, Schema: migrations.Latest(), Role: grants.Worker, Roles: cfg.Collections.Roles, FrozenAfter: cfg.FrozenAfter, Statement: cfg.StatementTimeout},
	})
	if err != nil {
		return err
	}
	defer deps.Close()
	collections, err := deps.Collections(ctx, env.Log, cfg.Collections)
	if err != nil {
		return err
	}

	searches := search.New(deps.Store, collections, cfg.MaxResultBytes)
	steps, finished := metrics.NewSteps(job.Search), metrics.NewFinished()
	deps.Metrics.MustRegister(steps, finished)
	workerDeps := worker.Deps{Store: deps.Store, Redis: deps.Redis, Log: env.Log, MaxAttempts: cfg.MaxAttempts, Shares: cfg.Shares, Steps: steps, Finished: finished, Tracer: env.Tracer}
	deps.SetReady()
	env.Log.Info("ready for searches")
	return worker.Serve(ctx, deps.Redis, env.Log, cfg.Worker,
		worker.Route{Kind: job.Search, Concurrency: cfg.Concurrency, Handle: worker.New(job.Search, workerDeps, searches.Process).ProcessEntry})
}
