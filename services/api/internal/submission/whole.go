package submission

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/coalesce"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

const (
	// parallelWholes is how many entries of a key are queued at the same time.
	parallelWholes = 1
	// maxWholeImports and maxWholeRecords limit the imports in an entry, and their records.
	maxWholeImports = 100
	maxWholeRecords = 5_000
)

// wholeKey are the properties of imports that share an entry. A worker processes those together that have more in common.
type wholeKey struct{ owner, tenant, collection string }

// wholeImport is an import of one chunk that is being queued, and the result.
type wholeImport struct {
	ctx     context.Context //nolint:containedctx // that of the call of DispatchWhole
	id      uuid.UUID
	records int
	err     error
}

// DispatchWhole queues or holds the chunk of an import that has only one. Imports that come at the same time share an
// entry, so that a worker can process them in one transaction.
func (d *SharedDispatcher) DispatchWhole(ctx context.Context, op *operation.Operation) error {
	w := &wholeImport{ctx: ctx, id: op.ID, records: op.Counts.Total}
	d.whole.Do(wholeKey{ownerOf(ctx), op.Tenant, op.Collection}, w)
	return w.err
}

func newWholes(d *SharedDispatcher) *coalesce.Group[wholeKey, *wholeImport] {
	return &coalesce.Group[wholeKey, *wholeImport]{Parallel: parallelWholes, Most: maxWholeImports, Execute: func(key wholeKey, all []*wholeImport) {
		for len(all) > 0 {
			n := fitting(all)
			err := d.dispatch(all[0].ctx, key.owner, job.Import, job.WholeImports(idsOf(all[:n])...))
			for _, w := range all[:n] {
				w.err = err
			}
			all = all[n:]
		}
	}}
}

// fitting returns how many of the imports fit into one entry: at least one.
func fitting(all []*wholeImport) int {
	records := 0
	n := slices.IndexFunc(all, func(w *wholeImport) bool {
		records += w.records
		return records > maxWholeRecords
	})
	if n < 0 {
		return len(all)
	}
	return max(n, 1)
}

func idsOf(all []*wholeImport) []uuid.UUID {
	ids := make([]uuid.UUID, len(all))
	for i, w := range all {
		ids[i] = w.id
	}
	return ids
}
