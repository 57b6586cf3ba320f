// Package catalog gives each service the collections that are stored in Postgres: it reads them at the start of a
// process, and afterwards what has changed, once a second.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// interval is how often changes are read, so that every service sees a change within two seconds.
	interval = time.Second
	// maxVersions is how many versions that are not in force are kept in memory.
	maxVersions = 1000
)

// ErrUnknown is returned for a collection that this process does not have.
var ErrUnknown = errors.New("unknown collection")

// Store reads the stored collections. *store.Store implements it.
type Store interface {
	CollectionsSince(ctx context.Context, since int64) ([]store.CollectionVersion, error)
	CollectionVersion(ctx context.Context, version int64) (store.CollectionVersion, bool, error)
}

// Catalog is the collections in force and, on demand, their earlier versions. It is safe for concurrent use.
type Catalog struct {
	*collection.Catalog
	store Store
	log   *slog.Logger

	// refreshing lets one refresh run at a time; last is the greatest version that it has seen.
	refreshing sync.Mutex
	last       int64

	mu       sync.Mutex
	versions map[int64]*collection.Collection
}

// Open reads all stored collections. With shipped, the collections that come with Longshore are in the catalog
// too. A stored version that this release can't read is logged and left out.
func Open(ctx context.Context, s Store, shipped bool, log *slog.Logger) (*Catalog, error) {
	var base []*collection.Collection
	if shipped {
		var err error
		if base, err = collection.Shipped(); err != nil {
			return nil, err
		}
	}
	c := &Catalog{Catalog: collection.NewCatalog(base...), store: s, log: log, versions: make(map[int64]*collection.Collection)}
	return c, c.Refresh(ctx)
}

// Run reads what has changed once a second, until ctx ends. It logs when that begins to fail.
func (c *Catalog) Run(ctx context.Context) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := c.Refresh(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			c.log.WarnContext(ctx, "changes of collections can't be read", slog.Any("error", err))
		}
		failing = err != nil
	}
}

// Refresh reads what has changed since the last call.
func (c *Catalog) Refresh(ctx context.Context) error {
	c.refreshing.Lock()
	defer c.refreshing.Unlock()
	changed, err := c.store.CollectionsSince(ctx, c.last)
	if err != nil {
		return err
	}
	for _, v := range changed {
		c.apply(ctx, v)
		c.last = max(c.last, v.Version)
	}
	return nil
}

// apply puts a version in force.
func (c *Catalog) apply(ctx context.Context, v store.CollectionVersion) {
	log := c.log.With(slog.String("collection", v.Name), slog.String("tenant", v.Tenant), slog.Int64("version", v.Version))
	if v.Deleted() {
		c.Remove(v.Tenant, v.Name)
		log.InfoContext(ctx, "collection deleted")
		return
	}
	one, err := Parse(v)
	if err != nil {
		c.Remove(v.Tenant, v.Name)
		log.ErrorContext(ctx, "this release can't read the stored collection", slog.Any("error", err))
		return
	}
	c.Set(v.Tenant, one)
	log.DebugContext(ctx, "collection in force")
}

// Parse returns the collection of a stored version.
func Parse(v store.CollectionVersion) (*collection.Collection, error) {
	one, err := collection.Parse(v.Name, v.Definition)
	if err != nil {
		return nil, fmt.Errorf("version %d: %w", v.Version, err)
	}
	one.Version = v.Version
	return one, nil
}

// At returns the version of a collection to which an operation is bound. Version 0 is what the tenant's
// collection with the name is now. The error is ErrUnknown if this process does not have it.
func (c *Catalog) At(ctx context.Context, tenant, name string, version int64) (*collection.Collection, error) {
	current, ok := c.Get(tenant, name)
	switch {
	case ok && (version == 0 || current.Version == version):
		return current, nil
	case version == 0:
		return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	return c.earlier(ctx, version)
}

// earlier returns a version that may not be in force any more, from memory or from Postgres.
func (c *Catalog) earlier(ctx context.Context, version int64) (*collection.Collection, error) {
	c.mu.Lock()
	one, ok := c.versions[version]
	c.mu.Unlock()
	if ok {
		return one, nil
	}
	v, found, err := c.store.CollectionVersion(ctx, version)
	switch {
	case err != nil:
		return nil, err
	case !found || v.Deleted():
		return nil, fmt.Errorf("%w: version %d", ErrUnknown, version)
	}
	if one, err = Parse(v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.versions) >= maxVersions {
		clear(c.versions)
	}
	c.versions[version] = one
	return one, nil
}
