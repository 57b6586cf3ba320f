// Package collectiontest gives tests catalogs of collections.
package collectiontest

import (
	"context"
	"testing"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/catalog"
	"github.com/longshore-io/longshore/pkg/collection"
)

// Catalog is a catalog that does not change and has no earlier versions.
type Catalog struct{ *collection.Catalog }

// Shipped returns a catalog of the collections that come with Longshore.
func Shipped(tb testing.TB) Catalog {
	tb.Helper()
	shipped, err := collection.Shipped()
	if err != nil {
		tb.Fatal(err)
	}
	return Catalog{collection.NewCatalog(shipped...)}
}

// New returns a catalog of the shipped collections and of definitions, by their names, that all tenants use.
func New(tb testing.TB, definitions map[string]string) Catalog {
	tb.Helper()
	c := Shipped(tb)
	for name, definition := range definitions {
		one, err := collection.Parse(name, []byte(definition))
		if err != nil {
			tb.Fatal(err)
		}
		c.Set(collection.Shared, one)
	}
	return c
}

// MustGet returns a collection of the default tenant.
func (c Catalog) MustGet(tb testing.TB, name string) *collection.Collection {
	tb.Helper()
	one, ok := c.Get(access.DefaultTenant, name)
	if !ok {
		tb.Fatalf("there is no collection %q", name)
	}
	return one
}

// Refresh does nothing: the collections do not change.
func (Catalog) Refresh(context.Context) error { return nil }

// At returns the collection with the name, whatever the version.
func (c Catalog) At(_ context.Context, tenant, name string, _ int64) (*collection.Collection, error) {
	if one, ok := c.Get(tenant, name); ok {
		return one, nil
	}
	return nil, catalog.ErrUnknown
}
