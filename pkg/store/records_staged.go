package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Records calls visit for each record of an operation that has the outcome, in row order. It keeps
// one page of them in memory; the chunk that contains them may be in the cache of all readers. The
// reasons of rejected records are returned by Rejections.
func (s *Store) Records(ctx context.Context, id uuid.UUID, outcome operation.Outcome, visit func(row int, received []byte) error) error {
	reader := recordReader{store: s, id: id, outcome: outcome}
	for {
		page, err := reader.next(ctx)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return s.requireKept(ctx, id)
		}
		for _, r := range page {
			if err := visit(r.row, r.received); err != nil {
				return err
			}
		}
	}
}

// stagedRecord is a record with its row number.
type stagedRecord struct {
	row      int
	received []byte
}

// recordReader reads the records of an operation page by page.
type recordReader struct {
	store   *Store
	id      uuid.UUID
	outcome operation.Outcome
	// seq is the chunk of the next page, record the number of its records before the page.
	seq, record int
	// steps is how many steps of that chunk were committed.
	steps int
}

// next returns the next page; it is empty at the end.
func (r *recordReader) next(ctx context.Context) ([]stagedRecord, error) {
	for {
		c, err := r.chunk(ctx)
		if err != nil || c == nil {
			return nil, err
		}
		page, after := c.page(r.outcome, r.record)
		if r.record = after; len(page) > 0 {
			return page, nil
		}
		r.seq, r.record = r.seq+1, 0
	}
}

// page copies records with the outcome, from a place in the chunk on, and returns the place after
// them. It copies, because they would otherwise keep the chunk in memory.
func (c *openChunk) page(outcome operation.Outcome, from int) (page []stagedRecord, after int) {
	size := 0
	for after = from; after < len(c.records); after++ {
		if c.outcomes[after] != outcome {
			continue
		}
		record := c.records[after]
		if size += len(record) + recordOverhead; size > pageBytes && len(page) > 0 {
			break
		}
		page = append(page, stagedRecord{c.firstRow + after, bytes.Clone(record)})
	}
	return page, after
}

// chunk returns the chunk of the next page, and moves to it; nil if there is none.
func (r *recordReader) chunk(ctx context.Context) (*openChunk, error) {
	if c := r.store.clients.cache.get(r.key()); c != nil && r.record > 0 {
		return c, nil
	}
	end, err := r.store.BeginRead(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	header, err := r.store.nextChunkWith(ctx, r.id, r.outcome, r.seq)
	if err != nil || header == nil {
		return nil, err
	}
	if header.Seq != r.seq {
		r.seq, r.record = header.Seq, 0
	}
	r.steps = header.Steps
	if c := r.store.clients.cache.get(r.key()); c != nil {
		return c, nil
	}
	return r.load(ctx, header)
}

func (r *recordReader) key() chunkKey {
	return chunkKey{r.id, r.seq, r.steps, r.outcome == operation.Unprocessed}
}

// load reads a chunk and puts it into the cache.
func (r *recordReader) load(ctx context.Context, header *chunkHeader) (*openChunk, error) {
	unpacked, err := chunk.UnpackedBytes(header.Start)
	if err != nil {
		return nil, fmt.Errorf("reading chunk %d: %w", header.Seq, err)
	}
	// The driver and this package hold the payload once each.
	release, err := r.store.clients.hold(ctx, int64(2*header.Bytes+unpacked+header.Rows*recordOverhead))
	if err != nil {
		return nil, err
	}
	defer release()
	const payload = `SELECT first_row, row_count, payload, outcomes FROM xforce.task_chunks WHERE task_id = $1 AND seq = $2 AND {mine $1}`
	chunks, err := collectMine(ctx, r.store, "reading a chunk", pgx.RowToStructByPos[stagedChunk], payload, r.id, header.Seq)
	if err != nil || len(chunks) == 0 {
		return nil, err // without a chunk, the operation was deleted meanwhile
	}
	c, err := chunks[0].open()
	if err != nil {
		return nil, fmt.Errorf("reading chunk %d: %w", header.Seq, err)
	}
	r.store.clients.cache.put(r.key(), c)
	return c, nil
}

// stagedChunk is a stored chunk with its records and their outcomes.
type stagedChunk struct {
	FirstRow, Rows    int
	Payload, Outcomes []byte
}

func (c *stagedChunk) open() (*openChunk, error) {
	var opener chunk.Opener
	records, err := opener.Open(c.Payload, c.Rows)
	if err != nil {
		return nil, err
	}
	outcomes, err := chunk.OpenOutcomes(c.Outcomes, c.Rows)
	if err != nil {
		return nil, err
	}
	return &openChunk{c.FirstRow, records, outcomes}, nil
}

// chunkHeader describes a chunk. Start is the beginning of its payload, which has the unpacked size.
type chunkHeader struct {
	Seq, Rows, Bytes, Steps int
	Start                   []byte
}

// countColumns maps an outcome to the column of a chunk that counts it, so that chunks without that
// outcome are skipped.
var countColumns = map[operation.Outcome]string{
	operation.Created:     "created_records",
	operation.Updated:     "updated_records",
	operation.Superseded:  "superseded_records",
	operation.Rejected:    "failed_records",
	operation.Unprocessed: "(row_count - created_records - updated_records - superseded_records - failed_records)",
}

// nextChunkWith returns the first chunk from a place on that has records with the outcome; nil if
// there is none. It ignores the chunks of a split that did not end, which the operation does not
// count.
func (s *Store) nextChunkWith(ctx context.Context, id uuid.UUID, outcome operation.Outcome, from int) (*chunkHeader, error) {
	query := `SELECT seq, row_count, octet_length(payload), steps, substring(payload FROM 1 FOR 16) FROM xforce.task_chunks
WHERE task_id = $1 AND kind = 'step' AND seq >= $2 AND seq < (SELECT total_chunks FROM xforce.tasks WHERE task_id = $1 AND {mine})
  AND ` + countColumns[outcome] + ` > 0 ORDER BY seq LIMIT 1`
	headers, err := collectMine(ctx, s, "finding a chunk", pgx.RowToStructByPos[chunkHeader], query, id, from)
	if err != nil || len(headers) == 0 {
		return nil, err
	}
	return &headers[0], nil
}
