// Command importer processes the chunks of imports from the queue and loads them into Postgres. It
// also splits multipart uploads into chunks. Any number of importers can run side by side.
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
	"github.com/longshore-io/longshore/services/importer/internal/config"
	"github.com/longshore-io/longshore/services/importer/internal/fit"
	"github.com/longshore-io/longshore/services/importer/internal/ingest"
	"github.com/longshore-io/longshore/services/importer/internal/split"
)

func main() { os.Exit(service.Main("importer", run)) }

// splitConcurrency is the number of multipart uploads that one importer splits concurrently.
const splitConcurrency = 1

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	deps, err := service.Open(ctx, env, service.Options{
		Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: store.ImporterSessions, Schema: migrations.Latest(), Role: grants.Worker, Roles: cfg.Collections.Roles, FrozenAfter: cfg.FrozenAfter},
	})
	if err != nil {
		return err
	}
	defer deps.Close()
	collections, err := deps.Collections(ctx, env.Log, cfg.Collections)
	if err != nil {
		return err
	}

	steps, finished, records, misfits := metrics.NewSteps(job.Import, job.Split), metrics.NewFinished(), metrics.NewRecords(), metrics.NewMisfits()
	deps.Metrics.MustRegister(steps, finished, records, misfits)
	chunks := ingest.New(deps.Store, collections, cfg.Records(), records, cfg.ParentWait)
	go fit.New(deps.Store, collections.Catalog, records, misfits, env.Log).Run(ctx)
	workerDeps := worker.Deps{Store: deps.Store, Redis: deps.Redis, Log: env.Log, MaxAttempts: cfg.MaxAttempts, Shares: cfg.Shares, Steps: steps, Finished: finished, Tracer: env.Tracer}
	splitDeps := workerDeps
	splitDeps.MaxStepTime = cfg.MaxStepTime
	uploads := split.New(deps.Store, collections)
	deps.SetReady()
	env.Log.Info("ready for chunks")
	return worker.Serve(ctx, deps.Redis, env.Log, cfg.Worker,
		worker.Route{Kind: job.Import, Concurrency: cfg.Concurrency, Handle: worker.New(job.Import, workerDeps, chunks.Process).WithGroups(chunks.ProcessGroup).ProcessEntry},
		worker.Route{Kind: job.Split, Concurrency: splitConcurrency, Handle: uploads.WithCleanup(worker.New(job.Split, splitDeps, uploads.Process).ProcessEntry)},
	)
}
