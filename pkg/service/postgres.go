package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
)

// connectInterval is the time between two attempts to open the store.
const connectInterval = time.Second

// openStore opens the store and registers its metrics and its readiness check.
func (d *Dependencies) openStore(ctx context.Context, env Env, o Options) (err error) {
	log := env.Log
	o.Store.MaxConns, o.Store.Log, o.Store.Tracer = o.Postgres.MaxConns, log, env.Tracer
	var status postgresStatus
	d.Metrics.MustRegister(metrics.NewPostgres(status.ping))
	d.Store, err = OpenStore(ctx, o.Postgres, o.Store, func(err error) {
		status.set(nil, err)
		d.admin.setWaiting(err.Error())
		log.Info("waiting for the database", slog.Any("error", err))
	})
	status.set(d.Store, err)
	if err != nil {
		return err
	}
	d.admin.add(&probe{name: "postgres", check: d.Store.Ping, required: true})
	if err := d.checkDurability(ctx); err != nil {
		log.ErrorContext(ctx, "Postgres may lose what it has committed", slog.Any("error", err))
	}
	d.admin.add(&probe{name: "durability", check: d.checkDurability, failing: stateAtRisk})
	return nil
}

// checkDurability returns an error if Postgres answers that a crash can lose what it has committed.
func (d *Dependencies) checkDurability(ctx context.Context) error {
	risks, err := d.Store.Risks(ctx)
	if err != nil || len(risks) == 0 {
		return nil //nolint:nilerr // the probe of Postgres reports it
	}
	return errors.New(strings.Join(risks, "; "))
}

// OpenStore opens the store, with the address and the pooler of cfg. While the database does not answer
// or has an older schema, it retries for up to cfg.Wait, or until ctx ends, and calls waiting with each
// error.
func OpenStore(ctx context.Context, cfg config.Postgres, o store.Options, waiting func(error)) (*store.Store, error) {
	o.Pooler, o.DirectURL = cfg.Pooler == config.PoolerTransaction, cfg.DirectURL
	deadline := time.Now().Add(cfg.Wait)
	for {
		db, err := store.Open(ctx, cfg.URL, o)
		switch {
		case err == nil:
			return db, nil
		case ctx.Err() != nil:
			return nil, ctx.Err() // the program is stopped, so a database that does not answer is no failure
		case !time.Now().Before(deadline):
			return nil, err
		}
		waiting(err)
		select {
		case <-ctx.Done():
		case <-time.After(connectInterval):
		}
	}
}

// WaitOut runs a part of the start that needs Postgres until it succeeds, fails with an error that will
// not go away by itself, or ctx ends. While Postgres is away or short of resources, the service is not
// ready, the probes say why, and the log says it once. The doing prefixes the errors.
func (d *Dependencies) WaitOut(ctx context.Context, log *slog.Logger, doing string, part func() error) error {
	for logged := false; ; logged = true {
		err := part()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err() // the service is stopped, so a database that does not answer is no failure
		case !store.IsTransient(err):
			return fmt.Errorf("%s: %w", doing, err)
		}
		d.admin.setWaiting(fmt.Sprintf("%s: %v", doing, err))
		if !logged {
			log.WarnContext(ctx, "waiting for the database", slog.String("doing", doing), slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(connectInterval):
		}
	}
}

// postgresStatus answers the metric of Postgres, also while openStore is still retrying. It is safe
// for concurrent use.
type postgresStatus struct {
	db      atomic.Pointer[store.Store]
	refused atomic.Bool
}

// set records the result of an attempt. A database whose schema is too old, or whose role lacks
// rights or cannot take a role of callers, is up.
func (s *postgresStatus) set(db *store.Store, err error) {
	_, outdated := errors.AsType[*store.SchemaError](err)
	_, lacking := errors.AsType[*store.RightsError](err)
	_, unusable := errors.AsType[*store.RoleError](err)
	s.refused.Store(outdated || lacking || unusable)
	s.db.Store(db)
}

var errNotConnected = errors.New("no connection to Postgres yet")

func (s *postgresStatus) ping(ctx context.Context) error {
	db := s.db.Load()
	switch {
	case db != nil:
		return db.Ping(ctx)
	case s.refused.Load():
		return nil
	}
	return errNotConnected
}
