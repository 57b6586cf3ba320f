package store

import (
	"context"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/coalesce"
	"github.com/longshore-io/longshore/pkg/operation"
)

// reading is the read of an operation by its internal id, or by its reference if that is set, and the result.
type reading struct {
	ctx       context.Context //nolint:containedctx // that of the call
	id        uuid.UUID
	reference string

	op  *operation.Operation
	err error
}

const (
	// parallelReadings is how many queries of a tenant read operations at the same time.
	parallelReadings = 2
	// mostReadings limits the operations that a query reads.
	mostReadings = 100
)

// newReadings returns the group that reads the operations of each scope. A query begins after all its calls, so none of
// them gets an older state than its own query would return.
func newReadings(s *Store) *coalesce.Group[string, *reading] {
	return &coalesce.Group[string, *reading]{Parallel: parallelReadings, Most: mostReadings, Execute: func(_ string, all []*reading) {
		ctx := context.WithoutCancel(all[0].ctx) // the other calls go on if the first one is cancelled
		var ids [][16]byte                       // which the driver encodes without a detour
		var references []string
		for _, r := range all {
			if r.reference == "" {
				ids = append(ids, r.id)
			} else {
				references = append(references, r.reference)
			}
		}
		found, err := s.readOperations(ctx, ids, references)
		for _, r := range all {
			r.take(found, err)
		}
	}}
}

// readOperations reads operations by their internal ids and by their references.
func (s *Store) readOperations(ctx context.Context, ids [][16]byte, references []string) (found []*operation.Operation, err error) {
	for _, query := range []struct {
		condition string
		values    any
		n         int
	}{{`task_id = ANY ($1)`, ids, len(ids)}, {`task_reference = ANY ($1)`, references, len(references)}} {
		if query.n == 0 {
			continue
		}
		ops, err := collectMine(ctx, s, "reading operations", scanOperation, selectOperation+query.condition, query.values)
		if err != nil {
			return nil, err
		}
		found = append(found, ops...)
	}
	return found, nil
}

// take sets the result of the reading to a copy of the operation that it asks for.
func (r *reading) take(found []*operation.Operation, err error) {
	if r.err = err; err != nil {
		return
	}
	r.err = OperationNotFound()
	for _, op := range found {
		if op.ID == r.id || r.reference != "" && op.Reference == r.reference {
			shared := *op
			r.op, r.err = &shared, nil
		}
	}
}
