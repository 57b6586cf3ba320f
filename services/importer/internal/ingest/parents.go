package ingest

import (
	"context"
	"fmt"
	"iter"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/pkg/worker"
)

// Collections finds and lists collections. *catalog.Catalog implements it.
type Collections interface {
	worker.Collections
	// Refresh reads what has changed in the stored collections.
	Refresh(ctx context.Context) error
	All() iter.Seq2[string, *collection.Collection]
}

// parents returns for what the records of a tenant can wait that a foreign key of the table refused, or a lookup. A collection
// that was stored just before the import is among those of the parents.
func (i *Ingest) parents(ctx context.Context, tenant string, t *load.Table, mode collection.WriteMode) (store.Parents, error) {
	if err := i.collections.Refresh(ctx); err != nil {
		return store.Parents{}, fmt.Errorf("reading the collections of the parents: %w", err)
	}
	parents := store.Parents{Collections: []string{}, Wait: i.parentWait, OneByOne: t.OrderedByLedger()}
	for owner, c := range i.collections.All() {
		if (owner == tenant || owner == collection.Shared) && t.DependsOn(c.Table, mode) {
			parents.Collections = append(parents.Collections, c.Name)
		}
	}
	return parents, nil
}
