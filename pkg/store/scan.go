package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

// SearcherSessions is the name that searchers' sessions carry in pg_stat_activity.
const SearcherSessions = "longshore-searcher"

// PrepareScan makes a query ready for the collection's table, without touching the table. What the query asks for in vain is a fault of kind
// Invalid.
func (s *Store) PrepareScan(ctx context.Context, c *collection.Collection, q query.Query) (*scan.Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	plan, err := scan.Prepare(ctx, s.pool, c, q)
	if err != nil {
		return nil, unavailable(err)
	}
	return plan, nil
}

// PrepareScan is Store.PrepareScan as part of the turn.
func (t *ResumableStep) PrepareScan(ctx context.Context, c *collection.Collection, q query.Query) (*scan.Plan, error) {
	return scan.Prepare(ctx, t.tx, c, q)
}

// Scan looks at the next rows of a plan as part of the turn; see scan.Plan.Read.
func (t *ResumableStep) Scan(ctx context.Context, plan *scan.Plan, after json.RawMessage, rows int) (scan.Page, error) {
	page, err := plan.Read(ctx, t.tx, after, rows)
	if err != nil {
		return scan.Page{}, fmt.Errorf("looking at records: %w", err)
	}
	return page, nil
}

// ScanBetter looks at the next rows of a sorted plan as part of the turn; see scan.Plan.ReadKeys.
func (t *ResumableStep) ScanBetter(ctx context.Context, plan *scan.Plan, after json.RawMessage, rows int, worst json.RawMessage) (scan.Page, error) {
	page, err := plan.ReadKeys(ctx, t.tx, after, rows, worst)
	if err != nil {
		return scan.Page{}, fmt.Errorf("looking at records: %w", err)
	}
	return page, nil
}

// Rank finds the best of so many keys as part of the turn; see scan.Plan.Rank.
func (t *ResumableStep) Rank(ctx context.Context, plan *scan.Plan, keys [][]byte) (scan.Best, error) {
	best, err := plan.Rank(ctx, t.tx, keys)
	if err != nil {
		return scan.Best{}, fmt.Errorf("ranking records: %w", err)
	}
	return best, nil
}

// ScanBest reads the best of so many keys as part of the turn; see scan.Plan.Best.
func (t *ResumableStep) ScanBest(ctx context.Context, plan *scan.Plan, keys [][]byte, maxBytes int) (scan.Best, error) {
	best, err := plan.Best(ctx, t.tx, keys, maxBytes)
	if err != nil {
		return scan.Best{}, fmt.Errorf("reading the best records: %w", err)
	}
	return best, nil
}

// exactUpTo is how many rows are counted rather than estimated.
const exactUpTo = 10_000

// EstimateRows tells about how many rows the collection's table has: a count if they are few, else what the planner believes.
func (s *Store) EstimateRows(ctx context.Context, c *collection.Collection) (int64, error) {
	return estimateRows(ctx, s.pool, c)
}

// EstimateRows is Store.EstimateRows as part of the turn.
func (t *ResumableStep) EstimateRows(ctx context.Context, c *collection.Collection) (int64, error) {
	return estimateRows(ctx, t.tx, c)
}

func estimateRows(ctx context.Context, db executor, c *collection.Collection) (int64, error) {
	name := table.QuoteName(c.Table)
	counted, err := queryOne[int64](ctx, db, fmt.Sprintf(`SELECT count(*) FROM (SELECT FROM %s LIMIT %d) AS few`, name, exactUpTo+1))
	if err != nil {
		return 0, fmt.Errorf("counting the rows of %s: %w", c.Table, err)
	}
	if counted <= exactUpTo {
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

func queryOne[T any](ctx context.Context, db executor, sql string) (T, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return *new(T), unavailable(err)
	}
	one, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		return *new(T), unavailable(err)
	}
	return one, nil
}

// BlockOfRow finds the piece of a stage that holds the row so many rows after the first, and how many rows stand before that piece. ok is
// false if there are not so many rows.
func (s *Store) BlockOfRow(ctx context.Context, id uuid.UUID, stage string, row int) (seq, before int, ok bool, err error) {
	const find = `
SELECT seq, before FROM (
  SELECT seq, row_count, sum(row_count) OVER (ORDER BY seq) - row_count AS before
  FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2) AS pieces
WHERE before <= $3 AND $3 < before + row_count`
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err = s.pool.QueryRow(ctx, find, id, stage, row).Scan(&seq, &before)
	if isNoRows(err) {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, fmt.Errorf("finding a row of the output: %w", unavailable(err))
	}
	return seq, before, true, nil
}
