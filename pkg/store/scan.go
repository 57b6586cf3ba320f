package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

// PrepareScan plans a query on the collection's table without reading the table. It returns a fault
// of kind Invalid for a query that does not fit the table.
func (s *Store) PrepareScan(ctx context.Context, c *collection.Collection, q query.Query) (*scan.Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	plan, err := scan.Prepare(ctx, s.pool, c, q)
	if err != nil {
		return nil, ClientError(err)
	}
	return plan, nil
}

// PrepareScan is Store.PrepareScan as part of the step.
func (t *ResumableStep) PrepareScan(ctx context.Context, c *collection.Collection, q query.Query) (*scan.Plan, error) {
	return scan.Prepare(ctx, t.tx, c, q)
}

// Scan reads the next rows of a plan as part of the step; see scan.Plan.Read.
func (t *ResumableStep) Scan(ctx context.Context, plan *scan.Plan, after json.RawMessage, rows int) (scan.Page, error) {
	return read(ctx, t, "scanning records", func() (scan.Page, error) { return plan.Read(ctx, t.tx, after, rows) })
}

// ScanBetter reads the next rows of a sorted plan as part of the step; see scan.Plan.ReadKeys.
func (t *ResumableStep) ScanBetter(
	ctx context.Context, plan *scan.Plan, after json.RawMessage, rows int, worst json.RawMessage,
) (scan.Page, error) {
	return read(ctx, t, "scanning records", func() (scan.Page, error) { return plan.ReadKeys(ctx, t.tx, after, rows, worst) })
}

// Rank returns the best of the keys as part of the step; see scan.Plan.Rank.
func (t *ResumableStep) Rank(ctx context.Context, plan *scan.Plan, keys [][]byte) (scan.Best, error) {
	return read(ctx, t, "ranking records", func() (scan.Best, error) { return plan.Rank(ctx, t.tx, keys) })
}

// ScanBest reads the best of the records with the keys as part of the step; see scan.Plan.Best.
func (t *ResumableStep) ScanBest(ctx context.Context, plan *scan.Plan, keys [][]byte, maxBytes int) (scan.Best, error) {
	return read(ctx, t, "reading the best records", func() (scan.Best, error) { return plan.Best(ctx, t.tx, keys, maxBytes) })
}

// read reads the collection's table on behalf of the step's caller.
func read[T any](ctx context.Context, t *ResumableStep, doing string, work func() (T, error)) (result T, err error) {
	err = t.tx.store.asCaller(ctx, t.tx, t.Caller, func() (err error) {
		result, err = work()
		return err
	})
	if err != nil {
		return result, fmt.Errorf("%s: %w", doing, err)
	}
	return result, nil
}

// maxCounted is the largest number of rows that is counted instead of estimated.
const maxCounted = 10_000

// EstimateRows returns the approximate number of rows in the collection's table that the caller sees: a
// count if they are few, else the planner's estimate.
func (s *Store) EstimateRows(ctx context.Context, c *collection.Collection, caller access.Caller) (n int64, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		return s.asCaller(ctx, tx, caller, func() error {
			n, err = estimateRows(ctx, tx, c)
			return err
		})
	})
	return n, err
}

// EstimateRows is Store.EstimateRows as part of the step.
func (t *ResumableStep) EstimateRows(ctx context.Context, c *collection.Collection) (int64, error) {
	return read(ctx, t, "estimating the rows", func() (int64, error) { return estimateRows(ctx, t.tx, c) })
}

func estimateRows(ctx context.Context, db executor, c *collection.Collection) (int64, error) {
	name := table.QuoteName(c.Table)
	counted, err := queryOne[int64](ctx, db, fmt.Sprintf(`SELECT count(*) FROM (SELECT FROM %s LIMIT %d) AS few`, name, maxCounted+1))
	if err != nil {
		return 0, fmt.Errorf("counting the rows of %s: %w", c.Table, err)
	}
	if counted <= maxCounted {
		return counted, nil
	}
	type plan struct {
		Plan struct {
			Rows int64 `json:"Plan Rows"`
		}
	}
	plans, err := queryOne[[]plan](ctx, db, `EXPLAIN (FORMAT JSON) SELECT FROM `+name)
	if err != nil || len(plans) == 0 {
		return 0, fmt.Errorf("estimating the rows of %s: %w", c.Table, err)
	}
	return max(counted, plans[0].Plan.Rows), nil
}

func queryOne[T any](ctx context.Context, db executor, sql string) (one T, err error) {
	return one, ClientError(db.QueryRow(ctx, sql).Scan(&one))
}
