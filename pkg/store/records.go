package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Rejected records are read page by page, so that no connection is open while a client receives
// them. A page is limited in number and in bytes, but has at least one record.
const (
	rejectionsPage      = 100
	rejectionsPageBytes = 1 << 20
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
    WHERE task_id = $1 AND row_number > $2
    ORDER BY row_number LIMIT $3) AS by_number) AS by_bytes
WHERE upto <= $4 OR upto = bytes
ORDER BY row_number`
	return collectForClient(ctx, s.pool, "reading rejected records", pgx.RowToStructByPos[operation.Rejection],
		page, id, row, size, rejectionsPageBytes)
}

// Records calls visit for each record of an operation that has the outcome, in row order. It keeps
// one chunk in memory. The reasons of rejected records are returned by Rejections.
func (s *Store) Records(ctx context.Context, id uuid.UUID, outcome operation.Outcome, visit func(row int, received []byte) error) error {
	var opener chunk.Opener
	for next := 0; ; {
		staged, err := s.nextChunkWith(ctx, id, outcome, next)
		if err != nil {
			return err
		}
		if staged == nil {
			return s.requireKept(ctx, id)
		}
		if err := staged.visit(&opener, outcome, visit); err != nil {
			return fmt.Errorf("reading chunk %d: %w", staged.Seq, err)
		}
		next = staged.Seq + 1
	}
}

// stagedChunk is a stored chunk with its records and their outcomes.
type stagedChunk struct {
	Seq, FirstRow, Rows int
	Payload, Outcomes   []byte
}

// countColumns maps an outcome to the column of a chunk that counts it, so that chunks without that
// outcome are skipped.
var countColumns = map[operation.Outcome]string{
	operation.Created:     "created_records",
	operation.Updated:     "updated_records",
	operation.Superseded:  "superseded_records",
	operation.Rejected:    "failed_records",
	operation.Unprocessed: "(CASE WHEN state = 'pending' THEN row_count ELSE 0 END)",
}

// nextChunkWith returns the first chunk from a place on that has records with the outcome; nil if
// there is none. It ignores the chunks of a split that did not end, which the operation does not
// count.
func (s *Store) nextChunkWith(ctx context.Context, id uuid.UUID, outcome operation.Outcome, from int) (*stagedChunk, error) {
	query := `SELECT seq, first_row, row_count, payload, outcomes FROM xforce.task_chunks
WHERE task_id = $1 AND kind = 'step' AND seq >= $2 AND seq < (SELECT total_chunks FROM xforce.tasks WHERE task_id = $1)
  AND ` + countColumns[outcome] + ` > 0 ORDER BY seq LIMIT 1`
	chunks, err := collectForClient(ctx, s.pool, "reading a chunk", pgx.RowToStructByPos[stagedChunk], query, id, from)
	if err != nil || len(chunks) == 0 {
		return nil, err
	}
	return &chunks[0], nil
}

func (c *stagedChunk) visit(opener *chunk.Opener, outcome operation.Outcome, visit func(row int, received []byte) error) error {
	records, err := opener.Open(c.Payload, c.Rows)
	if err != nil {
		return err
	}
	outcomes, err := chunk.OpenOutcomes(c.Outcomes, c.Rows)
	if err != nil {
		return err
	}
	for i, record := range records {
		if outcomes[i] != outcome {
			continue
		}
		if err := visit(c.FirstRow+i, record); err != nil {
			return err
		}
	}
	return nil
}
