// Package fit refuses imports into collections that do not fit their tables, before their bodies are read.
package fit

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/load"
)

const (
	// fitAge is how long a collection that fits is not checked again, and misfitAge how long one that does not fit
	// is refused without another check.
	fitAge, misfitAge = 5 * time.Second, time.Second
	// maxKept is how many results are kept.
	maxKept = 10_000
)

// Store checks a collection. *store.Store implements it. The error is a *load.MisfitError if the collection does
// not fit, and table.ErrNotFound if there is no such table.
type Store interface {
	CheckCollection(ctx context.Context, c *collection.Collection, mode collection.WriteMode) error
}

// Checker checks collections, and keeps the results for seconds. It is safe for concurrent use.
type Checker struct {
	store  Store
	flight singleflight.Group

	mu   sync.Mutex
	kept map[string]result
}

type result struct {
	reasons []string
	at      time.Time
}

// New returns a Checker.
func New(s Store) *Checker { return &Checker{store: s, kept: make(map[string]result)} }

// Require returns a fault of kind Conflict with the reasons if the collection does not fit its table, or if its
// records can't be written in the mode. If
// that can't be found out, the import is not refused: the importer checks the collection again.
func (c *Checker) Require(ctx context.Context, one *collection.Collection, mode collection.WriteMode) error {
	key := strings.Join([]string{one.Name, one.Digest(), string(mode)}, " ")
	c.mu.Lock()
	kept, ok := c.kept[key]
	c.mu.Unlock()
	if !ok || kept.stale() {
		checked, err, _ := c.flight.Do(key, func() (any, error) { return Reasons(ctx, c.store, one, mode) })
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		reasons, _ := checked.([]string)
		kept = result{reasons, time.Now()}
		c.keep(key, kept)
	}
	return misfit(one.Name, kept.reasons)
}

func (r result) stale() bool {
	if len(r.reasons) > 0 {
		return time.Since(r.at) > misfitAge
	}
	return time.Since(r.at) > fitAge
}

func (c *Checker) keep(key string, r result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= maxKept {
		clear(c.kept)
	}
	c.kept[key] = r
}

// Reasons returns why a collection does not fit its table, or why its records can't be written in the mode; none if
// it fits.
func Reasons(ctx context.Context, s Store, one *collection.Collection, mode collection.WriteMode) ([]string, error) {
	err := s.CheckCollection(ctx, one, mode)
	var misfit *load.MisfitError
	var notFound *table.NotFoundError
	switch {
	case errors.As(err, &misfit):
		return misfit.Reasons(), nil
	case errors.As(err, &notFound):
		return []string{"there is no table " + one.Table + ": " + notFound.Hint()}, nil
	case errors.Is(err, table.ErrNotFound):
		return []string{"there is no table " + one.Table}, nil
	}
	return nil, err
}

// misfit returns the fault for a collection that does not fit its table; nil without reasons.
func misfit(name string, reasons []string) error {
	if len(reasons) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "collection-does-not-fit",
		"The collection %q does not fit its table: %s. Correct the table or the collection. POST /collections/%s:check checks it again.",
		name, strings.Join(reasons, "; "), name).With("reasons", reasons)
}
