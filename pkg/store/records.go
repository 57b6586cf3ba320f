package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Records are read page by page, so that no connection is open and little memory is used while a
// client receives them. A page is limited in bytes, but has at least one record.
const (
	rejectionsPage = 100
	pageBytes      = 64 << 10
)

// Rejections calls visit for each rejected record of an operation in row order, at most limit
// times; 0 means no limit. It keeps one page in memory. It stops at the first error of visit and
// returns that error unchanged.
func (s *Store) Rejections(ctx context.Context, id uuid.UUID, limit int, visit func(operation.Rejection) error) error {
	for visited, row := 0, 0; limit == 0 || visited < limit; {
		size := rejectionsPage
		if limit > 0 {
			size = min(size, limit-visited)
		}
		page, err := s.rejectionsAfter(ctx, id, row, size)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return s.requireKept(ctx, id)
		}
		for _, r := range page {
			if err := visit(r); err != nil {
				return err
			}
			row = r.Row
		}
		visited += len(page)
	}
	return nil
}

// rejectionsAfter returns the page after a row. Postgres knows the records' lengths without reading
// them, so the sum is cheap.
func (s *Store) rejectionsAfter(ctx context.Context, id uuid.UUID, row, size int) ([]operation.Rejection, error) {
	const page = `
SELECT row_number, received, reasons FROM (
  SELECT row_number, received, reasons,
    octet_length(received) AS bytes, sum(octet_length(received)) OVER (ORDER BY row_number) AS upto
  FROM (
    SELECT row_number, received, reasons FROM xforce.task_progress
    WHERE task_id = $1 AND row_number > $2 AND {mine $1}
    ORDER BY row_number LIMIT $3) AS by_number) AS by_bytes
WHERE upto <= $4 OR upto = bytes
ORDER BY row_number`
	end, err := s.BeginRead(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return collectMine(ctx, s, "reading rejected records", pgx.RowToStructByPos[operation.Rejection],
		page, id, row, size, pageBytes)
}
