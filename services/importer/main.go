// Command importer takes chunks of imports from the queue and loads them into Postgres. Any number of it can run side by side.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/backing"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/config"
	"github.com/longshore-io/longshore/services/importer/internal/ingest"
	"github.com/longshore-io/longshore/services/importer/internal/split"
)

func main() { os.Exit(service.Main("importer", run)) }

// splitsAtOnce is how many uploads in pieces one importer splits at once.
const splitsAtOnce = 1

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	collections, err := collection.Load(cfg.Collections.Dir)
	if err != nil {
		return err
	}
	base, err := backing.Open(ctx, env.Log, backing.Options{
		Service: env.Name, Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: store.ImporterSessions, Schema: migrations.Latest(), FrozenAfter: cfg.FrozenAfter},
	})
	if err != nil {
		return err
	}
	defer base.Close()

	steps, finished, records := metrics.NewSteps(job.Import, job.Split), metrics.NewFinished(), metrics.NewRecords(collections.Names()...)
	base.Metrics.MustRegister(steps, finished, records)
	chunks, err := ingest.New(ctx, base.DB, collections, cfg.Records(), records)
	if err != nil {
		return err
	}
	deps := worker.Deps{Store: base.DB, Redis: base.Redis, Log: env.Log, MaxAttempts: cfg.MaxAttempts, Steps: steps, Finished: finished}
	uploads := split.New(base.DB, collections)
	base.Ready()
	env.Log.Info("ready for chunks")
	return worker.Serve(ctx, base.Redis, env.Log, cfg.Worker,
		worker.Route{Kind: job.Import, Concurrency: cfg.Concurrency, Handle: worker.New(job.Import, deps, chunks.Process).ProcessChunk},
		worker.Route{Kind: job.Split, Concurrency: splitsAtOnce, Handle: uploads.ThenClear(worker.New(job.Split, deps, uploads.Process).ProcessChunk)},
	)
}
