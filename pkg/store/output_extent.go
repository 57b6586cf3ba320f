package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// Extent is the amount of output in a stage.
type Extent struct {
	Blocks int
	Rows   int64
	Bytes  int64
	// Whole reports whether the blocks follow each other without a gap from the first byte on.
	Whole bool
}

const selectExtent = `
SELECT count(*), coalesce(sum(row_count), 0)::bigint, coalesce(sum(byte_count), 0)::bigint, coalesce(bool_and(whole), TRUE)
FROM (
  SELECT row_count, byte_count,
    seq = row_number() OVER by_seq - 1 AND byte_offset = sum(byte_count) OVER by_seq - byte_count AS whole
  FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2 AND {mine $1}
  WINDOW by_seq AS (ORDER BY seq)) AS blocks`

// OutputExtent returns the amount of an operation's output in a stage.
func (s *Store) OutputExtent(ctx context.Context, id uuid.UUID, stage string) (Extent, error) {
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return Extent{}, err
	}
	return readExtent(ctx, s.pool, sc, id, stage)
}

// Extent is Store.OutputExtent as part of the step.
func (t *ResumableStep) Extent(ctx context.Context, stage string) (Extent, error) {
	return readExtent(ctx, t.tx, scope{all: true}, t.ID, stage)
}

func readExtent(ctx context.Context, db executor, sc scope, id uuid.UUID, stage string) (e Extent, err error) {
	query, args := sc.limit(selectExtent, []any{id, stage})
	if err := db.QueryRow(ctx, query, args...).Scan(&e.Blocks, &e.Rows, &e.Bytes, &e.Whole); err != nil {
		return e, fmt.Errorf("measuring output: %w", err)
	}
	return e, nil
}

// BlockOfRow returns the block of a stage that contains the row, counted from 0, and the number of
// rows before that block. ok is false if the stage has fewer rows.
func (s *Store) BlockOfRow(ctx context.Context, id uuid.UUID, stage string, row int) (seq, before int, ok bool, err error) {
	const find = `
SELECT seq, before FROM (
  SELECT seq, row_count, sum(row_count) OVER (ORDER BY seq) - row_count AS before
  FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2 AND {mine $1}) AS blocks
WHERE before <= $3 AND $3 < before + row_count`
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err = s.queryMine(ctx, find, []any{id, stage, row}, &seq, &before)
	if isNoRows(err) {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, fmt.Errorf("finding a row of the output: %w", ClientError(err))
	}
	return seq, before, true, nil
}
