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

// search is one step of a search.
type search struct {
	turn     *store.ResumableStep
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
	// Scanned is how many were looked at.
	Scanned int64 `json:"scanned"`
	// What was found.
	output
	// Truncated: something was left out for its size.
	Truncated bool `json:"truncated,omitempty"`
	// Best is where a search for the best stands.
	Best *best `json:"best,omitempty"`
}

// output is what was written in a stage.
type output struct {
	// Returned is how many records or keys there are, and Bytes how large they are, in so many Pieces.
	Returned int   `json:"returned"`
	Bytes    int64 `json:"bytes"`
	Pieces   int   `json:"pieces"`
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

// look looks at the next rows, and keeps what they have. An attempt after one that failed looks at fewer: what failed may have taken too long.
func (s *search) look(ctx context.Context, attempt int) error {
	rows := fewerRows(s.place.Rows, attempt)
	read, keep := s.read, s.keepFound
	if s.plan.Sorted() {
		read, keep = s.readBetter, s.keepBest
	}
	began := time.Now()
	page, err := read(ctx, rows)
	if err != nil {
		return err
	}
	s.place.After = page.Last
	s.place.Scanned += int64(page.Scanned)
	s.place.Rows = nextRows(rows, time.Since(began)) // of what more rows would make longer; the rest has its own bounds
	s.done = !page.More
	return keep(ctx, page)
}

// read reads the next rows of a search in the order of keys.
func (s *search) read(ctx context.Context, rows int) (scan.Page, error) {
	return s.turn.Scan(ctx, s.plan, s.place.After, rows)
}

// keepFound adds what the page found to what was found before, until it is enough.
func (s *search) keepFound(ctx context.Context, page scan.Page) error {
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
	return s.write(ctx, store.RowsStage, &s.place.output, found)
}

// advance says where the step leaves the search.
func (s *search) advance() (store.Progress, error) {
	cursor, err := json.Marshal(s.place)
	if err != nil {
		return store.Progress{}, fmt.Errorf("writing the place of a search: %w", err)
	}
	told, err := json.Marshal(result{Returned: s.place.Returned, Scanned: s.place.Scanned, Truncated: s.place.Truncated})
	if err != nil {
		return store.Progress{}, fmt.Errorf("writing the result of a search: %w", err)
	}
	return store.Progress{Cursor: cursor, Progress: s.progress(), Phase: phase, Result: told, Done: s.done}, nil
}

// progress is the greater part of what was looked at and, where the limit ends the search, of what was found.
func (s *search) progress() int {
	percent := s.place.Scanned * 100 / max(s.place.Estimate, s.place.Scanned, 1)
	if limit := s.plan.Limit(); limit > 0 && !s.plan.Sorted() {
		percent = max(percent, int64(s.place.Returned)*100/int64(limit))
	}
	return int(min(percent, 100))
}
