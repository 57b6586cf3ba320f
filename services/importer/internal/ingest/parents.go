package ingest

import (
	"iter"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/pkg/worker"
)

// Collections finds and lists collections. *catalog.Catalog implements it.
type Collections interface {
	worker.Collections
	All() iter.Seq2[string, *collection.Collection]
}

// parents returns for what the records of a tenant can wait that a foreign key of the table refused, or a lookup.
func (i *Ingest) parents(tenant string, t *load.Table, mode collection.WriteMode) store.Parents {
	parents := store.Parents{Collections: []string{}, Wait: i.parentWait, OneByOne: t.OrderedByLedger()}
	for owner, c := range i.collections.All() {
		if (owner == tenant || owner == collection.Shared) && t.DependsOn(c.Table, mode) {
			parents.Collections = append(parents.Collections, c.Name)
		}
	}
	return parents
}
