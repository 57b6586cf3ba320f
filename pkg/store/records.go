package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// One query brings a page of rejected records: no connection waits while a client reads them, and nothing more is held. A page is
// bounded by number and by bytes, but always holds at least one record.
const (
	rejectionsPage      = 100
	rejectionsPageBytes = 1 << 20
)

// Rejections calls visit for each rejected record of an operation, in row order, at most limit of them; 0 means all. Nothing is
// held but a page. An error of visit ends it and is returned as it is.
func (s *Store) Rejections(ctx context.Context, id uuid.UUID, limit int, visit func(operation.Rejection) error) error {
	for seen, row := 0, 0; limit == 0 || seen < limit; {
		size := rejectionsPage
		if limit > 0 {
			size = min(size, limit-seen)
		}
		page, err := s.rejectionsAfter(ctx, id, row, size)
		if err != nil {
			return fmt.Errorf("reading rejected records: %w", unavailable(err))
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
		seen += len(page)
	}
	return nil
}

// rejectionsAfter reads a page. Postgres knows the lengths without reading the records, so the sum costs nothing.
func (s *Store) rejectionsAfter(ctx context.Context, id uuid.UUID, row, size int) ([]operation.Rejection, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
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
	rows, err := s.pool.Query(ctx, page, id, row, size, rejectionsPageBytes)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[operation.Rejection])
}

// Records calls visit for each record of an operation that has the outcome, in row order, chunk by chunk, so that one chunk is
// held at a time. The reasons of rejected records are Rejections' part.
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
			return fmt.Errorf("reading chunk %d: %w", staged.seq, err)
		}
		next = staged.seq + 1
	}
}

// requireKept refuses to call the end of what was read an end if the operation was pruned or has expired meanwhile: what is missing then
// looks like what is not there.
func (s *Store) requireKept(ctx context.Context, id uuid.UUID) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var kept bool
	err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1 AND is_active)`, id).Scan(&kept)
	if err != nil {
		return fmt.Errorf("looking at the operation: %w", unavailable(err))
	}
	if !kept {
		return fault.New(fault.Gone, "operation-expired", "The operation was deleted while its records were read. What was read is not all.")
	}
	return nil
}

// stagedChunk is a chunk as it is kept: what came in and what became of it.
type stagedChunk struct {
	seq, firstRow, rows int
	payload, outcomes   []byte
}

// countColumns names the column of a chunk that counts an outcome, so that chunks without it need not be unpacked.
var countColumns = map[operation.Outcome]string{
	operation.Created:     "created_records",
	operation.Updated:     "updated_records",
	operation.Superseded:  "superseded_records",
	operation.Rejected:    "failed_records",
	operation.Unprocessed: "(CASE WHEN state = 'pending' THEN row_count ELSE 0 END)",
}

// nextChunkWith looks at the chunks that the operation counts: an upload in pieces that was not split to its end may have left others.
func (s *Store) nextChunkWith(ctx context.Context, id uuid.UUID, outcome operation.Outcome, from int) (*stagedChunk, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	query := `SELECT seq, first_row, row_count, payload, outcomes FROM xforce.task_chunks
WHERE task_id = $1 AND seq >= $2 AND seq < (SELECT total_chunks FROM xforce.tasks WHERE task_id = $1) AND ` + countColumns[outcome] + ` > 0 ORDER BY seq LIMIT 1`
	var c stagedChunk
	err := s.pool.QueryRow(ctx, query, id, from).Scan(&c.seq, &c.firstRow, &c.rows, &c.payload, &c.outcomes)
	if isNoRows(err) {
		return nil, nil //nolint:nilnil // no further chunk is no error
	}
	if err != nil {
		return nil, fmt.Errorf("reading a chunk: %w", unavailable(err))
	}
	return &c, nil
}

func (c *stagedChunk) visit(opener *chunk.Opener, outcome operation.Outcome, visit func(row int, received []byte) error) error {
	records, err := opener.Open(c.payload, c.rows)
	if err != nil {
		return err
	}
	outcomes, err := chunk.OpenOutcomes(c.outcomes, c.rows)
	if err != nil {
		return err
	}
	for i, record := range records {
		if outcomes[i] != outcome {
			continue
		}
		if err := visit(c.firstRow+i, record); err != nil {
			return err
		}
	}
	return nil
}
