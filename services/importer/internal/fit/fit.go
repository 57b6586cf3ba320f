// Package fit watches whether the collections fit their tables: it logs and counts those that do not. Their
// imports wait or fail; all others go on.
package fit

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
)

const (
	// round is how often all collections are checked.
	round = time.Minute
	// pause lies between the checks of two collections, so that many collections do not burden Postgres.
	pause = 100 * time.Millisecond
)

// Store describes the tables of collections. *store.Store implements it.
type Store interface {
	Describe(ctx context.Context, c *collection.Collection, caller access.Caller) (*load.Table, error)
}

// Watch checks collections again and again.
type Watch struct {
	store       Store
	collections *collection.Catalog
	records     *metrics.Records
	misfits     metrics.Misfits
	log         *slog.Logger
	// logged is what was logged about each collection last.
	logged map[owned]string
}

type owned struct{ tenant, name string }

// New returns a Watch of the collections in a catalog. The series of each collection in records exist from its
// first check on; misfits is how many collections do not fit.
func New(s Store, collections *collection.Catalog, records *metrics.Records, misfits metrics.Misfits, log *slog.Logger) *Watch {
	return &Watch{store: s, collections: collections, records: records, misfits: misfits, log: log, logged: make(map[owned]string)}
}

// Run checks all collections once a minute, until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	for {
		w.checkAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(round):
		}
	}
}

func (w *Watch) checkAll(ctx context.Context) {
	misfits, seen := 0, make(map[owned]bool)
	for tenant, c := range w.collections.All() {
		w.records.Count(c.Name, operation.Counts{})
		seen[owned{tenant, c.Name}] = true
		if !w.check(ctx, tenant, c) {
			misfits++
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
	w.misfits.Set(float64(misfits))
	for key := range w.logged {
		if !seen[key] {
			delete(w.logged, key)
		}
	}
}

// check reports whether a collection fits its table, as far as that can be known without its caller.
func (w *Watch) check(ctx context.Context, tenant string, c *collection.Collection) bool {
	if c.Role == access.RoleOfCaller {
		return true
	}
	caller, err := access.NewCaller(&access.Principal{ID: "longshore", Tenant: access.DefaultTenant}, c.Role)
	var table *load.Table
	if err == nil {
		table, err = w.store.Describe(ctx, c, caller)
	}
	switch {
	case err == nil:
		w.logWarnings(ctx, tenant, c, table.Warnings())
		return true
	case store.IsTransient(err):
		return true
	}
	if text := err.Error(); w.isNew(tenant, c, text) {
		w.log.ErrorContext(ctx, "the collection does not fit its table, so its imports are refused or fail",
			slog.String("collection", c.Name), slog.String("tenant", tenant), slog.String("reason", text))
	}
	return false
}

func (w *Watch) logWarnings(ctx context.Context, tenant string, c *collection.Collection, warnings []string) {
	if text := strings.Join(warnings, "; "); w.isNew(tenant, c, text) {
		w.log.WarnContext(ctx, "the table has limitations", slog.String("collection", c.Name), slog.String("tenant", tenant), slog.String("reason", text))
	}
}

// isNew reports whether a text about a collection is neither empty nor the one that was logged last.
func (w *Watch) isNew(tenant string, c *collection.Collection, text string) bool {
	key := owned{tenant, c.Name}
	changed := w.logged[key] != text
	w.logged[key] = text
	return changed && text != ""
}
