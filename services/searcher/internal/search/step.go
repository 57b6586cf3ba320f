package search

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

// step is one step of a search.
type step struct {
	tx         *store.ResumableStep
	plan       *scan.Plan
	maxBytes   int
	checkpoint checkpoint
	done       bool
}

// checkpoint is the state of a search between two steps: the cursor of its operation.
type checkpoint struct {
	// After is the key of the last row read.
	After json.RawMessage `json:"after,omitempty"`
	// Batch is the number of rows that the next step reads.
	Batch int `json:"rows"`
	// Estimate is the estimated number of rows of the table.
	Estimate int64 `json:"estimate"`
	// Scanned is the number of rows read.
	Scanned int64 `json:"scanned"`
	// output is the extent of the records found.
	output
	// Truncated reports that records were omitted because of maxBytes.
	Truncated bool `json:"truncated,omitempty"`
	// Best is the state of a sorted search.
	Best *best `json:"best,omitempty"`
}

// result is the member "result" of the operation.
type result struct {
	Returned  int   `json:"returned"`
	Scanned   int64 `json:"scanned"`
	Truncated bool  `json:"truncated"`
}

// phase is the operation's phase in the API.
const phase = "looking through the records"

// resume reads the checkpoint of the previous step, or creates the first.
func (s *step) resume(ctx context.Context, target *collection.Collection) error {
	if s.tx.Cursor != nil {
		if err := json.Unmarshal(s.tx.Cursor, &s.checkpoint); err != nil {
			return fmt.Errorf("decoding the checkpoint of a search: %w", err)
		}
		return nil
	}
	var err error
	s.checkpoint.Batch = firstBatch
	s.checkpoint.Estimate, err = s.tx.EstimateRows(ctx, target)
	return err
}

// readBatch reads the next rows and writes the records found. A retry reads fewer rows, because the
// failed attempt may have exceeded its timeout.
func (s *step) readBatch(ctx context.Context, attempt int) error {
	batch := retryBatch(s.checkpoint.Batch, attempt)
	read, keep := s.scan, s.keepFound
	if s.plan.Sorted() {
		read, keep = s.scanBetter, s.keepBest
	}
	started := time.Now()
	page, err := read(ctx, batch)
	if err != nil {
		return err
	}
	s.checkpoint.After = page.Last
	s.checkpoint.Scanned += int64(page.Scanned)
	s.checkpoint.Batch = nextBatch(batch, time.Since(started)) // only reading grows with the batch; writing has its own limits
	s.done = !page.More
	return keep(ctx, page)
}

// scan reads the next rows in the order of the key.
func (s *step) scan(ctx context.Context, batch int) (scan.Page, error) {
	return s.tx.Scan(ctx, s.plan, s.checkpoint.After, batch)
}

// keepFound appends the records of a page, up to the query's limit and maxBytes.
func (s *step) keepFound(ctx context.Context, page scan.Page) error {
	found := page.Records
	if limit := s.plan.Limit(); limit > 0 && s.checkpoint.Returned+len(found) >= limit {
		found, s.done = found[:limit-s.checkpoint.Returned], true
	}
	room := int64(s.maxBytes) - s.checkpoint.Bytes
	for i, record := range found {
		if room -= int64(len(record)) + 1; room < 0 {
			found, s.done, s.checkpoint.Truncated = found[:i], true, true
			break
		}
	}
	return s.appendLines(ctx, store.RowsStage, &s.checkpoint.output, found)
}

// progress returns the checkpoint and what clients see of the step.
func (s *step) progress() (store.Progress, error) {
	cursor, err := json.Marshal(s.checkpoint)
	if err != nil {
		return store.Progress{}, fmt.Errorf("encoding the checkpoint of a search: %w", err)
	}
	visible, err := json.Marshal(result{Returned: s.checkpoint.Returned, Scanned: s.checkpoint.Scanned, Truncated: s.checkpoint.Truncated})
	if err != nil {
		return store.Progress{}, fmt.Errorf("encoding the result of a search: %w", err)
	}
	return store.Progress{Cursor: cursor, Progress: s.percent(), Phase: phase, Result: visible, Done: s.done}, nil
}

// percent returns the share of the rows read or, if greater, the share of the limit found. Only an
// unsorted search ends at its limit.
func (s *step) percent() int {
	percent := s.checkpoint.Scanned * 100 / max(s.checkpoint.Estimate, s.checkpoint.Scanned, 1)
	if limit := s.plan.Limit(); limit > 0 && !s.plan.Sorted() {
		percent = max(percent, int64(s.checkpoint.Returned)*100/int64(limit))
	}
	return int(min(percent, 100))
}
