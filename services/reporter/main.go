// Command reporter takes reports from the queue and writes their files into Postgres. Any number of it can run side by side.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/backing"
	"github.com/longshore-io/longshore/pkg/collection"
	shared "github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/work"
	"github.com/longshore-io/longshore/services/reporter/internal/config"
	"github.com/longshore-io/longshore/services/reporter/internal/making"
	"github.com/longshore-io/longshore/services/reporter/internal/worker"
)

func main() { os.Exit(service.Main("reporter", run)) }

func run(ctx context.Context, env service.Env) error {
	cfg, err := shared.Load[config.Config](env.Environ)
	if err != nil {
		return err
	}
	collections, err := collection.Load(cfg.Collections.Dir)
	if err != nil {
		return err
	}
	base, err := backing.Open(ctx, env.Log, backing.Options{
		Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: store.ReporterSessions, Schema: migrations.Latest(), FrozenAfter: cfg.FrozenAfter},
	})
	if err != nil {
		return err
	}
	defer base.Close()

	reports := making.New(base.DB, collections, cfg.MaxReportBytes)
	base.Ready()
	env.Log.Info("ready for reports")
	return worker.Run(ctx, base.Redis, env.Log, cfg, work.New(operation.Report, base.DB, base.Redis, env.Log, cfg.MaxAttempts, reports.Try))
}
