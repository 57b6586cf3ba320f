package collection

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Shared stands in the place of a tenant for the collections that all tenants use: those of a folder and
// those that come with Longshore.
const Shared = "*"

// Catalog is the collections that are in force. A tenant's own collection takes precedence over a shared one
// of the same name, and a stored one over one that comes with Longshore. It is safe for concurrent use.
type Catalog struct {
	shipped map[string]*Collection

	mu     sync.RWMutex
	stored map[string]map[string]*Collection // by tenant and name
}

// NewCatalog returns a catalog of the given collections, such as those that come with Longshore.
func NewCatalog(shipped ...*Collection) *Catalog {
	c := &Catalog{shipped: make(map[string]*Collection), stored: make(map[string]map[string]*Collection)}
	for _, one := range shipped {
		c.shipped[one.Name] = one
	}
	return c
}

// Set puts a collection of a tenant, or of all tenants, in force.
func (c *Catalog) Set(tenant string, one *Collection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stored[tenant] == nil {
		c.stored[tenant] = make(map[string]*Collection)
	}
	c.stored[tenant][one.Name] = one
}

// Remove removes a stored collection of a tenant. One of the same name that all tenants use, or that comes with
// Longshore, takes its place.
func (c *Catalog) Remove(tenant, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.stored[tenant], name)
}

// Get returns the collection with the name that a tenant uses.
func (c *Catalog) Get(tenant, name string) (*Collection, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found := cmp.Or(c.stored[tenant][name], c.stored[Shared][name], c.shipped[name])
	return found, found != nil
}

// Owns reports whether the tenant has a stored collection of its own with the name.
func (c *Catalog) Owns(tenant, name string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.stored[tenant][name] != nil
}

// Names returns the names of all collections that a tenant uses, in alphabetical order.
func (c *Catalog) Names(tenant string) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	names := slices.Collect(maps.Keys(c.shipped))
	names = slices.AppendSeq(names, maps.Keys(c.stored[Shared]))
	names = slices.AppendSeq(names, maps.Keys(c.stored[tenant]))
	slices.Sort(names)
	return slices.Compact(names)
}

// All returns all collections with their tenants, in the order of tenants and names. A collection that a shared one
// replaces is left out.
func (c *Catalog) All() iter.Seq2[string, *Collection] {
	type owned struct {
		tenant string
		*Collection
	}
	var all []owned
	for _, name := range c.Names(Shared) {
		if one, ok := c.Get(Shared, name); ok {
			all = append(all, owned{Shared, one})
		}
	}
	c.mu.RLock()
	for tenant, stored := range c.stored {
		for _, one := range stored {
			if tenant != Shared {
				all = append(all, owned{tenant, one})
			}
		}
	}
	c.mu.RUnlock()
	slices.SortFunc(all, func(x, y owned) int {
		return cmp.Or(strings.Compare(x.tenant, y.tenant), strings.Compare(x.Name, y.Name))
	})
	return func(yield func(string, *Collection) bool) {
		for _, one := range all {
			if !yield(one.tenant, one.Collection) {
				return
			}
		}
	}
}

// Unknown returns a fault of kind NotFound for a name of no collection. It lists names that exist.
func Unknown(name string, names []string) error {
	return fault.New(fault.NotFound, "unknown-collection",
		"There is no collection called %q. GET / lists the collections.", strings.ToValidUTF8(name, "\uFFFD")).
		With("collections", names)
}
