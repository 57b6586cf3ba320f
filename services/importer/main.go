// Command importer takes chunks of imports from the queue and loads them into Postgres. Any number of it can run side by side.
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
	"github.com/longshore-io/longshore/services/importer/internal/config"
	"github.com/longshore-io/longshore/services/importer/internal/ingest"
	"github.com/longshore-io/longshore/services/importer/internal/split"
	"github.com/longshore-io/longshore/services/importer/internal/worker"
)

func main() { os.Exit(service.Main("importer", run)) }

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
		Store: store.Options{Application: store.ImporterSessions, Schema: migrations.Latest(), FrozenAfter: cfg.FrozenAfter},
	})
	if err != nil {
		return err
	}
	defer base.Close()

	chunks, err := ingest.New(ctx, base.DB, collections, cfg.Records())
	if err != nil {
		return err
	}
	base.Ready()
	env.Log.Info("ready for chunks")
	imports := work.New(operation.Import, base.DB, base.Redis, env.Log, cfg.MaxAttempts, chunks.Try)
	uploads := split.New(base.DB, collections)
	splits := work.New(operation.Import, base.DB, base.Redis, env.Log, cfg.MaxAttempts, uploads.Try)
	return worker.Run(ctx, base.Redis, env.Log, cfg, imports.Chunk, uploads.ThenClear(splits.Chunk))
}
