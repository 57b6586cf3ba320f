// Command api is Longshore's public edge: it accepts imports and answers what became of them. It keeps no state of its own;
// any number of it can run side by side.
package main

import (
	"context"
	"os"
	"time"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/backing"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/httpserver"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/routes"
	"github.com/longshore-io/longshore/services/api/internal/server"
)

// frozenAfter is how long an api may stand still in the middle of staging a chunk before Postgres lets go of what it holds.
const frozenAfter = 10 * time.Second

func main() { os.Exit(service.Main("api", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	collections, err := collection.Load(cfg.Collections.Dir)
	if err != nil {
		return err
	}
	base, err := backing.Open(ctx, env.Log, backing.Options{
		Service: env.Name, Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{Application: "longshore-api", Schema: migrations.Latest(), FrozenAfter: frozenAfter},
	})
	if err != nil {
		return err
	}
	defer base.Close()

	requests, finished := metrics.NewRequests(), metrics.NewFinished()
	base.Metrics.MustRegister(requests, finished)
	watch := monitor.New(base.DB, queue.NewNotifier(base.Redis), env.Log, finished, cfg.PollWithin)
	go watch.Subscribe(ctx)
	life := httpserver.Options{Variable: "LONGSHORE_ADDR", Ready: base.Ready, Drain: cfg.DrainDelay, Grace: cfg.Shutdown.Grace}
	return server.New(server.Options{
		Addr: cfg.Addr, Lifecycle: life, Collections: collections.Names(), Requests: requests, Console: cfg.Console(),
	}, env.Log,
		routes.Table(routes.Deps{
			Config: cfg, Store: base.DB, Redis: base.Redis, Monitor: watch, Collections: collections, Log: env.Log, Now: time.Now,
		})...,
	).Run(ctx)
}
