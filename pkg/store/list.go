package store

import (
	"context"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store/internal/session"
)

// Filter selects the operations of a list. Zero values select everything.
type Filter struct {
	Kind       operation.Kind
	Collection string
	States     []operation.State
	// CreatedFrom is inclusive, CreatedBefore exclusive.
	CreatedFrom, CreatedBefore time.Time
	// Labels must all be present with these values.
	Labels map[string]string
	// Below continues a list: only operations with a smaller number are returned.
	Below int64
	// Limit is the maximum length of the list; it must be positive.
	Limit int
}

// A list leaves out large requests, because it may contain many operations.
const selectListed = `SELECT ` + operationColumns + `, CASE WHEN pg_column_size(request) <= 4096 THEN request END, NULL::bytea
FROM xforce.tasks WHERE is_active AND (finished_at IS NULL OR finished_at + retention > clock_timestamp()) AND status <> 'receiving' AND
  ($1 = '' OR kind = $1) AND ($2 = '' OR collection = $2)
  AND ($3::text[] IS NULL OR status = ANY ($3))
  AND ($4::timestamp IS NULL OR created_at >= $4) AND ($5::timestamp IS NULL OR created_at < $5)
  AND ($6::jsonb IS NULL OR labels @> $6 AND labels <> '{}') -- the condition of the partial index
  AND ($7::bigint = 0 OR number < $7)
ORDER BY number DESC LIMIT $8`

// List returns operations, the last accepted first, without tombstones. Since numbers never change,
// a list that is continued below its last number neither repeats nor misses an operation, whatever
// changes in between.
func (s *Store) List(ctx context.Context, f Filter) ([]*operation.Operation, error) {
	var labels any
	if len(f.Labels) > 0 {
		labels = f.Labels
	}
	// A generic plan reads all operations for a label or a late page.
	return collectForClient(ctx, session.CustomPlans{Pool: s.pool}, "listing operations", scanOperation, selectListed,
		string(f.Kind), f.Collection, stateNames(f.States), nullIfZero(f.CreatedFrom), nullIfZero(f.CreatedBefore), labels, f.Below, f.Limit)
}

func stateNames(states []operation.State) (names []string) {
	for _, state := range states {
		names = append(names, string(state))
	}
	return names
}

func nullIfZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
