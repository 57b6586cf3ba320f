package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Filter says which operations a list holds. Zero values do not filter.
type Filter struct {
	Kind       operation.Kind
	Collection string
	States     []operation.State
	// CreatedFrom is included, CreatedBefore is not.
	CreatedFrom, CreatedBefore time.Time
	// Labels must all be there with these values.
	Labels map[string]string
	// Below continues a list: only operations with a smaller number.
	Below int64
	// Limit bounds the list; it must be positive.
	Limit int
}

// List returns operations from the latest accepted to the earliest. Tombstones are not among them. Since numbers never change, a list that
// is continued below its last number neither repeats nor misses an operation, whatever happens in between.
func (s *Store) List(ctx context.Context, f Filter) ([]*operation.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	const matching = selectListed + `
  ($1 = '' OR kind = $1) AND ($2 = '' OR collection = $2)
  AND ($3::text[] IS NULL OR status = ANY ($3))
  AND ($4::timestamp IS NULL OR created_at >= $4) AND ($5::timestamp IS NULL OR created_at < $5)
  AND ($6::jsonb IS NULL OR labels @> $6 AND labels <> '{}') -- the words of the partial index
  AND ($7::bigint = 0 OR number < $7)
ORDER BY number DESC LIMIT $8`
	var labels any
	if len(f.Labels) > 0 {
		labels = f.Labels
	}
	// Planned each time for the filter at hand: the plan that suits every filter reads all operations for a label or a late page.
	rows, err := s.pool.Query(ctx, matching, pgx.QueryExecModeDescribeExec, string(f.Kind), f.Collection, stateNames(f.States),
		nullIfZero(f.CreatedFrom), nullIfZero(f.CreatedBefore), labels, f.Below, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("listing operations: %w", unavailable(err))
	}
	found, err := pgx.CollectRows(rows, scanOperation)
	if err != nil {
		return nil, fmt.Errorf("listing operations: %w", unavailable(err))
	}
	return found, nil
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
