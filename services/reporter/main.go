// Command reporter takes reports from the queue and writes their files into Postgres. Any number of it can run side by side.
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
	"github.com/longshore-io/longshore/services/reporter/internal/builder"
	"github.com/longshore-io/longshore/services/reporter/internal/config"
)

func main() { os.Exit(service.Main("reporter", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	collections, err := collection.Load(cfg.Collections.Dir)
	if err != nil {
		return err
	}
	base, err := backing.Open(ctx, env.Log, backing.Options{
		Service: env.Name, Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: store.ReporterSessions, Schema: migrations.Latest(), FrozenAfter: cfg.FrozenAfter},
	})
	if err != nil {
		return err
	}
	defer base.Close()

	reports := builder.New(base.DB, collections, cfg.MaxReportBytes)
	steps, finished := metrics.NewSteps(job.Report), metrics.NewFinished()
	base.Metrics.MustRegister(steps, finished)
	deps := worker.Deps{Store: base.DB, Redis: base.Redis, Log: env.Log, MaxAttempts: cfg.MaxAttempts, Steps: steps, Finished: finished}
	base.Ready()
	env.Log.Info("ready for reports")
	return worker.Serve(ctx, base.Redis, env.Log, cfg.Worker,
		worker.Route{Kind: job.Report, Concurrency: cfg.Concurrency, Handle: worker.New(job.Report, deps, reports.Process).ProcessChunk})
}
