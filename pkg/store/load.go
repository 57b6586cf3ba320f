package store

import (
	"context"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// Describe reads the definition of a collection's target table and checks that the collection fits
// it.
func (s *Store) Describe(ctx context.Context, c *collection.Collection) (*load.Table, error) {
	return load.Describe(ctx, s.pool, c)
}

// Load writes a batch of the step's records into the collection's table as part of the step.
func (st *Step) Load(ctx context.Context, batch *load.Batch) (load.Result, error) {
	return batch.Load(ctx, st.tx, st.Number)
}
