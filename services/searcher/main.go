// Command searcher looks for the records that searches ask for, step by step, and keeps what it finds in Postgres. Any number of it can run
// side by side.
package main

import (
	"context"
	"os"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/collection"
	shared "github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/work"
	"github.com/longshore-io/longshore/services/searcher/internal/config"
	"github.com/longshore-io/longshore/services/searcher/internal/hunt"
	"github.com/longshore-io/longshore/services/searcher/internal/worker"
)

func main() { os.Exit(service.Main("searcher", run)) }

func run(ctx context.Context, env service.Env) error {
	cfg, err := shared.Load[config.Config](env.Environ)
	if err != nil {
		return err
	}
	collections, err := collection.Load(cfg.Collections.Dir)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, cfg.Postgres.URL, store.Options{
		Application: store.SearcherSessions, MaxConns: cfg.Postgres.MaxConns,
		Schema: migrations.Latest(), FrozenAfter: cfg.FrozenAfter, Statement: cfg.StatementTimeout,
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

	searches := hunt.New(db, collections, cfg.MaxResultBytes)
	env.Log.Info("ready for searches")
	return worker.Run(ctx, redis, env.Log, cfg, work.New(operation.Search, db, redis, env.Log, cfg.MaxAttempts, searches.Try))
}
