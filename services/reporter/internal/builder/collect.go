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

// The limits of one step that collects records. It ends after the page that exceeds one of them.
const (
	stepBytes = 4 << 20
	stepTime  = time.Second
	// pageRows is the number of rows that a page reads.
	pageRows = 5_000
	// blockBytes is the maximum size of a block with more than one record.
	blockBytes = 1 << 20
)

// collect runs a short step that reads the next records and stores them, one JSON text per line.
func (b *Builder) collect(ctx context.Context, c job.Chunk, bd build) (store.Committed, error) {
	target, err := worker.Target(ctx, b.collections, bd.Collection, bd.Caller)
	if err != nil {
		return store.Committed{}, err
	}
	search, err := query.Parse(bd.request.Search(), target, 0)
	if err != nil {
		return store.Committed{}, err
	}
	plan, err := b.store.PrepareScan(ctx, target, search)
	if err != nil {
		return store.Committed{}, err
	}
	estimate := bd.cursor.Estimate
	if estimate == 0 {
		if estimate, err = b.store.EstimateRows(ctx, target, bd.Caller); err != nil {
			return store.Committed{}, err
		}
	}
	return b.store.RunResumable(ctx, c, func(ctx context.Context, tx *store.ResumableStep) (store.Progress, error) {
		locked, err := resume(tx.Checkpoint)
		if err != nil {
			return store.Progress{}, err
		}
		if locked.cursor.Stage != stageCollect {
			return store.Progress{}, store.ErrLocked // another worker has run a step since the cursor was read
		}
		cur := &locked.cursor
		cur.Estimate = max(estimate, 1)
		if err := b.collectPages(ctx, tx, plan, cur); err != nil {
			return store.Progress{}, err
		}
		return store.Progress{Cursor: cur.encode(), Progress: cur.percent(), Phase: cur.phase()}, nil
	})
}

// collectPages reads pages until the step reaches one of its limits.
func (b *Builder) collectPages(ctx context.Context, tx *store.ResumableStep, plan *scan.Plan, cur *cursor) error {
	started, startBytes := b.now(), cur.Bytes
	for {
		page, err := tx.Scan(ctx, plan, cur.After, pageRows)
		if err != nil {
			return err
		}
		cur.After, cur.Scanned = page.Last, cur.Scanned+int64(page.Scanned)
		if err := appendRecords(ctx, tx, page.Records, cur); err != nil {
			return err
		}
		if cur.Bytes > b.maxBytes {
			return &file.TooLargeError{Limit: b.maxBytes}
		}
		if !page.More {
			cur.Stage = stageWrite
			return nil
		}
		if cur.Bytes-startBytes >= stepBytes || b.now().Sub(started) >= stepTime {
			return nil
		}
	}
}

func appendRecords(ctx context.Context, tx *store.ResumableStep, records [][]byte, cur *cursor) error {
	for block := range store.LineBlocks(cur.Blocks, cur.Bytes, records, blockBytes) {
		if err := tx.Append(ctx, store.RowsStage, block); err != nil {
			return fmt.Errorf("storing records: %w", err)
		}
		cur.Blocks++
		cur.Rows += int64(block.Rows)
		cur.Bytes += int64(len(block.Bytes))
	}
	return nil
}
