package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Filter selects the operations of a list. Zero values select everything.
type Filter struct {
	Kind       operation.Kind
	Collection string
	States     []operation.State
	// CreatedFrom is inclusive, CreatedBefore exclusive.
	CreatedFrom, CreatedBefore time.Time
	// Principal is who asks: only operations that it sees are returned. nil sees all.
	Principal *access.Principal `json:"-"`
	// Labels must all be present with these values.
	Labels map[string]string
	// Tenant owns the operations; empty means the default tenant. A store for clients sets it to the
	// tenant of the principal.
	Tenant string
	// Below continues a list: only operations with a smaller public number are returned.
	Below int64
	// Limit is the maximum length of the list; it must be positive.
	Limit int
}

// Listing is a part of a list.
type Listing struct {
	Operations []*operation.Operation
	// Next is the value of Filter.Below that continues the list; 0 at its end. Operations may be
	// fewer than the limit, or none, although the list goes on: see maxExamined.
	Next int64
}

// maxExamined is how many operations a list examines to find those that match. It bounds the time of
// a list whose conditions are each frequent, and together rare.
const maxExamined = 5_000

// plannerSettings make Postgres read a list from an index in the order of numbers, whatever its
// statistics say: a plan that sorts has to read all operations that match.
const plannerSettings = `
SELECT set_config(name, 'off', TRUE)
FROM unnest('{enable_seqscan,enable_bitmapscan,enable_sort,enable_hashjoin,enable_mergejoin,jit}'::text[]) AS name`

// List returns operations, the last accepted first, without tombstones. Since numbers never change,
// a list that is continued at its Next neither repeats nor misses an operation, whatever changes in
// between.
func (s *Store) List(ctx context.Context, f Filter) (Listing, error) {
	return s.list(ctx, f, maxExamined)
}

func (s *Store) list(ctx context.Context, f Filter, examined int) (listing Listing, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return Listing{}, err
	}
	if f.Tenant, err = sc.tenant(f.Tenant); err != nil {
		return Listing{}, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, plannerSettings); err != nil {
			return err
		}
		if err := f.findBelow(ctx, tx); err != nil {
			return err
		}
		r, err := findRange(ctx, tx, f, examined)
		if err != nil {
			return err
		}
		listing, err = listBest(ctx, tx, f, r, examined)
		return err
	})
	if err != nil {
		return Listing{}, fmt.Errorf("listing operations: %w", ClientError(err))
	}
	return listing, nil
}

// listBest reads from one source after the other until one of them has a whole page or reaches the
// end of the list. Otherwise it returns the listing that got furthest.
func listBest(ctx context.Context, tx pgx.Tx, f Filter, r numberRange, examined int) (best Listing, err error) {
	for i, query := range listQueries(f, r, examined) {
		found, err := readListing(ctx, tx, query, f.Limit)
		if err != nil {
			return Listing{}, err
		}
		if len(found.Operations) == f.Limit || found.Next == 0 {
			return found, nil
		}
		if i == 0 || found.Next < best.Next {
			best = found
		}
	}
	return best, nil
}

// listed is a row of a list's query: an operation that matches, or the last one that was examined.
type listed struct {
	op            *operation.Operation
	matches, last bool
}

func readListing(ctx context.Context, tx pgx.Tx, query listQuery, limit int) (l Listing, err error) {
	rows, err := tx.Query(ctx, query.sql, query.args...)
	if err != nil {
		return l, err
	}
	found, err := pgx.CollectRows(rows, scanListed)
	if err != nil {
		return l, err
	}
	for _, row := range found {
		if row.matches && len(l.Operations) == limit {
			l.Next = l.Operations[limit-1].ShownNumber()
			return l, nil
		}
		if row.matches {
			l.Operations = append(l.Operations, row.op)
		}
		if row.last {
			l.Next = row.op.ShownNumber()
		}
	}
	return l, nil
}

func scanListed(row pgx.CollectableRow) (l listed, err error) {
	l.op, err = scanOperationAnd(row, &l.matches, &l.last)
	return l, err
}

func nullIfZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
