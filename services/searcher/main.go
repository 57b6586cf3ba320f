// Command searcher looks for the records that searches ask for, step by step, and keeps what it finds in Postgres. Any number of it can run
// side by side.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/backing"
	"github.com/longshore-io/longshore/pkg/collection"
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
	collections, err := collection.Load(cfg.Collections.Dir)
	if err != nil {
		return err
	}
	base, err := backing.Open(ctx, env.Log, backing.Options{
		Service: env.Name, Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: store.SearcherSessions, Schema: migrations.Latest(), FrozenAfter: cfg.FrozenAfter, Statement: cfg.StatementTimeout},
	})
	if err != nil {
		return err
	}
	defer base.Close()

	searches := search.New(base.DB, collections, cfg.MaxResultBytes)
	steps, finished := metrics.NewSteps(job.Search), metrics.NewFinished()
	base.Metrics.MustRegister(steps, finished)
	deps := worker.Deps{Store: base.DB, Redis: base.Redis, Log: env.Log, MaxAttempts: cfg.MaxAttempts, Steps: steps, Finished: finished}
	base.Ready()
	env.Log.Info("ready for searches")
	return worker.Serve(ctx, base.Redis, env.Log, cfg.Worker,
		worker.Route{Kind: job.Search, Concurrency: cfg.Concurrency, Handle: worker.New(job.Search, deps, searches.Process).ProcessChunk})
}
