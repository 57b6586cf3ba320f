// Command reporter takes reports from the queue and writes their files into Postgres. Any number of
// processes can run side by side.
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
	"github.com/longshore-io/longshore/services/reporter/internal/builder"
	"github.com/longshore-io/longshore/services/reporter/internal/config"
)

func main() { os.Exit(service.Main("reporter", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	deps, err := service.Open(ctx, env, service.Options{
		Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: store.ReporterSessions, Schema: migrations.Latest(), Role: grants.Worker, Roles: cfg.Collections.Roles, FrozenAfter: cfg.FrozenAfter},
	})
	if err != nil {
		return err
	}
	defer deps.Close()
	collections, err := deps.Collections(ctx, env.Log, cfg.Collections)
	if err != nil {
		return err
	}

	reports := builder.New(deps.Store, collections, cfg.MaxReportBytes)
	steps, finished := metrics.NewSteps(job.Report), metrics.NewFinished()
	deps.Metrics.MustRegister(steps, finished)
	workerDeps := worker.Deps{Store: deps.Store, Redis: deps.Redis, Log: env.Log, MaxAttempts: cfg.MaxAttempts, Shares: cfg.Shares, MaxStepTime: cfg.MaxStepTime, Steps: steps, Finished: finished, Tracer: env.Tracer}
	deps.SetReady()
	env.Log.Info("ready for reports")
	return worker.Serve(ctx, deps.Redis, env.Log, cfg.Worker,
		worker.Route{Kind: job.Report, Concurrency: cfg.Concurrency, Handle: worker.New(job.Report, workerDeps, reports.Process).ProcessEntry})
}
