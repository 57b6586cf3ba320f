package hunt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/store/scan"
)

// search is one step of a search.
type search struct {
	turn     *store.Turn
	plan     *scan.Plan
	maxBytes int
	place    place
	done     bool
}

// place is where a search stands: the cursor of its operation.
type place struct {
	// After is the key of the last row looked at.
	After json.RawMessage `json:"after,omitempty"`
	// Rows is how many rows the next step looks at.
	Rows int `json:"rows"`
	// Estimate is how many rows there are, about.
	Estimate int64 `json:"estimate"`
	// Scanned is how many were looked at, Returned how many were found, and Bytes how large these are, in so many pieces.
	Scanned  int64 `json:"scanned"`
	Returned int   `json:"returned"`
	Bytes    int64 `json:"bytes"`
	Pieces   int   `json:"pieces"`
	// Truncated: something was left out for its size.
	Truncated bool `json:"truncated,omitempty"`
}

// result is what clients are told beside the records.
type result struct {
	Returned  int   `json:"returned"`
	Scanned   int64 `json:"scanned"`
	Truncated bool  `json:"truncated"`
}

// phase says in words what a search does.
const phase = "looking through the records"

// resume takes up the place that the step before left, or makes the first.
func (s *search) resume(ctx context.Context, target *collection.Collection) error {
	if s.turn.Cursor != nil {
		if err := json.Unmarshal(s.turn.Cursor, &s.place); err != nil {
			return fmt.Errorf("reading the place of a search: %w", err)
		}
		return nil
	}
	var err error
	s.place.Rows = firstRows
	s.place.Estimate, err = s.turn.EstimateRows(ctx, target)
	return err
}

// look looks at the next rows. An attempt after one that failed looks at fewer: what failed may have taken too long.
func (s *search) look(ctx context.Context, attempt int) error {
	rows := fewerRows(s.place.Rows, attempt)
	began := time.Now()
	looked := s.lookInOrderOfKeys
	if s.plan.Sorted() {
		looked = s.lookForTheBest
	}
	page, err := looked(ctx, rows)
	if err != nil {
		return err
	}
	s.place.After = page.Last
	s.place.Scanned += int64(page.Scanned)
	s.place.Rows = nextRows(rows, time.Since(began))
	s.done = s.done || !page.More
	return nil
}

// lookInOrderOfKeys adds what the page found to what was found before, until it is enough.
func (s *search) lookInOrderOfKeys(ctx context.Context, rows int) (scan.Page, error) {
	page, err := s.turn.Scan(ctx, s.plan, s.place.After, rows)
	if err != nil {
		return page, err
	}
	found := page.Records
	if limit := s.plan.Limit(); limit > 0 && s.place.Returned+len(found) >= limit {
		found, s.done = found[:limit-s.place.Returned], true
	}
	room := int64(s.maxBytes) - s.place.Bytes
	for i, record := range found {
		if room -= int64(len(record)) + 1; room < 0 {
			found, s.done, s.place.Truncated = found[:i], true, true
			break
		}
	}
	return page, s.write(ctx, found)
}

// lookForTheBest joins what the page found with the best so far. Only when that changes them it writes them anew.
func (s *search) lookForTheBest(ctx context.Context, rows int) (scan.Page, error) {
	best, err := s.best(ctx)
	if err != nil {
		return scan.Page{}, err
	}
	page, err := s.turn.ScanBest(ctx, s.plan, s.place.After, rows, best, s.maxBytes)
	if err != nil {
		return page, err
	}
	s.place.Truncated = s.place.Truncated || page.Cut
	if slices.EqualFunc(best, page.Records, bytes.Equal) {
		return page, nil
	}
	if err := s.turn.Clear(ctx, store.RowsStage); err != nil {
		return page, err
	}
	s.place.Returned, s.place.Bytes, s.place.Pieces = 0, 0, 0
	return page, s.write(ctx, page.Records)
}

// best reads the best so far from the output.
func (s *search) best(ctx context.Context) ([][]byte, error) {
	pieces, err := s.turn.Outputs(ctx, store.RowsStage, 0, s.place.Pieces)
	if err != nil {
		return nil, err
	}
	var records [][]byte
	for _, p := range pieces {
		for line := range bytes.Lines(p.Bytes) {
			records = append(records, bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	return records, nil
}

// advance says where the step leaves the search.
func (s *search) advance() (store.Advance, error) {
	cursor, err := json.Marshal(s.place)
	if err != nil {
		return store.Advance{}, fmt.Errorf("writing the place of a search: %w", err)
	}
	told, err := json.Marshal(result{Returned: s.place.Returned, Scanned: s.place.Scanned, Truncated: s.place.Truncated})
	if err != nil {
		return store.Advance{}, fmt.Errorf("writing the result of a search: %w", err)
	}
	return store.Advance{Cursor: cursor, Progress: s.progress(), Phase: phase, Result: told, Done: s.done}, nil
}

// progress is the greater part of what was looked at and, where the limit ends the search, of what was found.
func (s *search) progress() int {
	percent := s.place.Scanned * 100 / max(s.place.Estimate, s.place.Scanned, 1)
	if limit := s.plan.Limit(); limit > 0 && !s.plan.Sorted() {
		percent = max(percent, int64(s.place.Returned)*100/int64(limit))
	}
	return int(min(percent, 100))
}
