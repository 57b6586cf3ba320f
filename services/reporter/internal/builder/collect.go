package builder

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/reporter/internal/file"
)

// The bounds of one turn of collecting: it ends with the page that exceeds one of them.
const (
	turnBytes = 4 << 20
	turnTime  = time.Second
	// pageRows is how many rows of the table a page looks at.
	pageRows = 5_000
	// pieceBytes is where a piece of records ends.
	pieceBytes = 1 << 20
	// collectedPercent is what is done when all records are collected.
	collectedPercent = 50
)

// collect reads the next records and keeps them, one JSON text per line.
func (m *Builder) collect(ctx context.Context, c job.Chunk, j reportJob) (store.Committed, error) {
	plan, err := m.plan(ctx, j)
	if err != nil {
		return store.Committed{}, err
	}
	estimate := j.cursor.Estimate
	if estimate == 0 {
		if estimate, err = m.estimate(ctx, j); err != nil {
			return store.Committed{}, err
		}
	}
	return m.store.RunResumable(ctx, c, func(ctx context.Context, t *store.ResumableStep) (store.Progress, error) {
		now, err := readJob(t.Checkpoint)
		if err != nil {
			return store.Progress{}, err
		}
		if now.cursor.Stage != collecting {
			return store.Progress{}, store.ErrLocked // somebody else went on in between: look again
		}
		now.cursor.Estimate = max(estimate, 1)
		if err := m.collectPages(ctx, t, plan, &now.cursor); err != nil {
			return store.Progress{}, err
		}
		return store.Progress{Cursor: now.cursor.encode(), Progress: now.cursor.percent(), Phase: now.cursor.phase()}, nil
	})
}

func (m *Builder) plan(ctx context.Context, j reportJob) (*scan.Plan, error) {
	target, err := worker.Collection(m.collections, j.request.Collection)
	if err != nil {
		return nil, err
	}
	asked, err := query.Read(j.request.Search(), target, 0)
	if err != nil {
		return nil, err
	}
	return m.store.PrepareScan(ctx, target, asked)
}

func (m *Builder) estimate(ctx context.Context, j reportJob) (int64, error) {
	target, err := worker.Collection(m.collections, j.request.Collection)
	if err != nil {
		return 0, err
	}
	return m.store.EstimateRows(ctx, target)
}

// collectPages reads pages until the turn has had its share.
func (m *Builder) collectPages(ctx context.Context, t *store.ResumableStep, plan *scan.Plan, at *cursor) error {
	began, before := m.now(), at.Bytes
	for {
		page, err := t.Scan(ctx, plan, at.After, pageRows)
		if err != nil {
			return err
		}
		at.After, at.Scanned = page.Last, at.Scanned+int64(page.Scanned)
		if err := keep(ctx, t, page.Records, at); err != nil {
			return err
		}
		if at.Bytes > m.maxBytes {
			return &file.TooLargeError{Limit: m.maxBytes}
		}
		if !page.More {
			at.Stage = writing
			return nil
		}
		if at.Bytes-before >= turnBytes || m.now().Sub(began) >= turnTime {
			return nil
		}
	}
}

// keep appends records in pieces of a bounded size; a piece holds at least one.
func keep(ctx context.Context, t *store.ResumableStep, records [][]byte, at *cursor) error {
	for len(records) > 0 {
		piece := store.OutputBlock{Seq: at.Pieces, Offset: at.Bytes}
		for _, record := range records {
			if piece.Rows > 0 && len(piece.Bytes)+len(record) >= pieceBytes {
				break
			}
			piece.Bytes = append(append(piece.Bytes, record...), '\n')
			piece.Rows++
		}
		if err := t.Append(ctx, store.RowsStage, piece); err != nil {
			return fmt.Errorf("keeping records: %w", err)
		}
		records = records[piece.Rows:]
		at.Pieces++
		at.Rows += int64(piece.Rows)
		at.Bytes += int64(len(piece.Bytes))
	}
	return nil
}

// percent tells how far a report is between its steps. The number of rows is an estimate, hence the bound.
func (c cursor) percent() int {
	if c.Stage != collecting {
		return collectedPercent
	}
	return int(min(c.Scanned*collectedPercent/c.Estimate, collectedPercent-1))
}

func (c cursor) phase() string {
	if c.Stage == collecting {
		return readingRecords
	}
	return writingFile
}
