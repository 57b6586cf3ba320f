package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/catalog"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/audit"
	"github.com/longshore-io/longshore/services/api/internal/auth"
	"github.com/longshore-io/longshore/services/api/internal/auth/issuer"
	"github.com/longshore-io/longshore/services/api/internal/config"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/folder"
	"github.com/longshore-io/longshore/services/api/internal/limits"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/routes"
	"github.com/longshore-io/longshore/services/api/internal/server"
)

// frozenAfter is how long an api may be silent in the middle of staging a chunk before Postgres ends
// its session and releases its locks.
const frozenAfter = 10 * time.Second

// opener opens the dependencies of the api while its server already listens.
type opener struct {
	env      service.Env
	cfg      config.Config
	limits   admission.Limits
	requests *metrics.Requests
	occupied *metrics.Admission

	deps *service.Dependencies // nil before open
	// stop ends what runs until the last request is served, and returns when it has written what it must.
	stop []func()
}

// open waits for the database and returns the routes.
func (o *opener) open(ctx context.Context) (server.Opened, error) {
	var err error
	o.deps, err = service.Open(ctx, o.env, service.Options{
		Postgres: o.cfg.Postgres, Redis: o.cfg.Redis, Admin: o.cfg.Admin,
		Store: store.Options{
			Application: "longshore-api", Schema: migrations.Latest(), Role: grants.API, FrozenAfter: frozenAfter, Clients: o.cfg.ClientLimits(o.limits, o.occupied),
			Write: o.cfg.WriteTimeout,
		},
	})
	if err != nil {
		return server.Opened{}, err
	}
	collections, err := o.openCollections(ctx)
	if err != nil {
		return server.Opened{}, err
	}
	authenticator, err := o.authenticator(ctx)
	if err != nil {
		return server.Opened{}, err
	}
	defaults, err := o.cfg.Access.Limits()
	if err != nil {
		return server.Opened{}, err
	}
	meters := limits.NewMeters(o.deps.Store, defaults, o.env.Log)
	finished := metrics.NewFinished()
	o.deps.Metrics.MustRegister(o.requests, finished, o.occupied)
	watch := monitor.New(o.deps.Store, queue.NewNotifier(o.deps.Redis), o.env.Log, finished, o.cfg.PollWithin)
	go watch.Subscribe(ctx)
	tables, err := routes.Table(routes.Deps{
		Config: o.cfg, Store: o.deps.Store, Redis: o.deps.Redis, Monitor: watch, Collections: collections, Log: o.env.Log, Now: time.Now,
		Meters: meters, Storage: admission.NewStorage(o.cfg.Admission.MaxXforceBytes, o.deps.Store.SchemaBytes, o.env.Log, o.occupied),
	})
	recorder := audit.NewRecorder(o.deps.Store, o.env.Log)
	o.stop = append(o.stop, runUntilClose(ctx, recorder.Run), runUntilClose(ctx, meters.Run))
	protect := func(r edge.Route) edge.Route { return recorder.Record(authenticator.Protect(meters.Limit(r))) }
	return server.Opened{Routes: tables, Protect: protect, Collections: collections.Catalog}, err
}

// openCollections stores the collections of the folder, if there is one, and reads all that are stored.
func (o *opener) openCollections(ctx context.Context) (*catalog.Catalog, error) {
	if dir := o.cfg.CollectionFolder; dir != "" {
		err := o.deps.WaitOut(ctx, o.env.Log, "storing the collections of LONGSHORE_COLLECTIONS", func() error {
			stored, err := folder.ApplyNew(ctx, o.deps.Store, dir)
			for _, name := range stored {
				o.env.Log.InfoContext(ctx, "collection stored", slog.String("collection", name), slog.String("folder", dir))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return o.deps.Collections(ctx, o.env.Log, o.cfg.Collections)
}

// authenticator returns the authenticator, which runs until ctx ends. It returns an error if the api can
// be reached from other machines and no client could authenticate.
func (o *opener) authenticator(ctx context.Context) (*auth.Authenticator, error) {
	opts := o.cfg.Access.Options(o.cfg.Addr, o.cfg.PublicURL, o.cfg.Web)
	if issuerOptions, ok := o.cfg.OIDC.Options(); ok {
		opts.Issuer = issuer.New(issuerOptions, o.env.Log)
	}
	if err := auth.CheckStart(ctx, opts, o.deps.Store, o.env.Log); err != nil {
		return nil, err
	}
	authenticator := auth.New(opts, o.deps.Store, o.env.Log)
	go authenticator.Run(ctx)
	return authenticator, nil
}

// runUntilClose runs work in the background. The function that it returns ends the work and returns when it
// has ended.
func runUntilClose(ctx context.Context, work func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { work(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}

// setReady marks the api as started.
func (o *opener) setReady() { o.deps.SetReady() }

// close closes the dependencies, if they were opened.
func (o *opener) close() {
	for _, stop := range o.stop {
		stop()
	}
	if o.deps != nil {
		o.deps.Close()
	}
}
