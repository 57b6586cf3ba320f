// Command api is Longshore's public HTTP API. It accepts imports, searches and reports, stores them in
// Postgres and reports their status. It keeps no state of its own; any number of processes can run
// side by side.
package main

import (
	"context"
	"os"
	"time"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/routes"
	"github.com/longshore-io/longshore/services/api/internal/server"
)

// frozenAfter is how long an api may be silent in the middle of staging a chunk before Postgres ends
// its session and releases its locks.
const frozenAfter = 10 * time.Second

func main() { os.Exit(service.Main("api", run)) }

func run(ctx context.Context, env service.Env, cfg config.Config) error {
	limits, err := cfg.Limits()
	if err != nil {
		return err
	}
	occupied := metrics.NewAdmission()
	gate := admission.New(limits, occupied)
	collections, err := collection.Load(cfg.Collections.Dir)
	if err != nil {
		return err
	}
	deps, err := service.Open(ctx, env, service.Options{
		Postgres: cfg.Postgres, Redis: cfg.Redis, Admin: cfg.Admin,
		Store: store.Options{
			Application: "longshore-api", Schema: migrations.Latest(), FrozenAfter: frozenAfter, Clients: cfg.ClientLimits(limits, occupied),
			Write: cfg.WriteTimeout,
		},
	})
	if err != nil {
		return err
	}
	defer deps.Close()

	requests, finished := metrics.NewRequests(), metrics.NewFinished()
	deps.Metrics.MustRegister(requests, finished, occupied)
	watch := monitor.New(deps.Store, queue.NewNotifier(deps.Redis), env.Log, finished, cfg.PollWithin)
	go watch.Subscribe(ctx)
	tables, err := routes.Table(routes.Deps{
		Config: cfg, Store: deps.Store, Redis: deps.Redis, Monitor: watch, Collections: collections, Log: env.Log, Now: time.Now,
		Storage: admission.NewStorage(cfg.Admission.MaxXforceBytes, deps.Store.SchemaBytes, env.Log, occupied),
	})
	if err != nil {
		return err
	}
	lifecycle := service.HTTPOptions{Variable: "LONGSHORE_ADDR", Ready: deps.SetReady, Drain: cfg.DrainDelay, Grace: cfg.Shutdown.Grace}
	return server.New(server.Options{
		Addr: cfg.Addr, Lifecycle: lifecycle, Collections: collections.Names(), Requests: requests, Gate: gate, Console: cfg.Console(),
		Addresses: edge.NewAddresses(cfg.PublicURL),
	}, env.Log, tables...).Run(ctx)
}
