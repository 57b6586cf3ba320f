package search

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

// While the best are at most fewRecords, and not larger than a piece, each step reads them all and writes them if they have changed: they are
// right at any time, and the step's rows cost more.
//
// When they are more, a step only notes keys. The keys are ranked when there are as many new ones as are wanted, and the records are written when twice as many
// rows were looked at as before, and at the end. So the best are written about as many times as the table doubles while it is looked
// at, whatever the order in which its rows come.
const fewRecords = 1000

// best is where a search for the best stands, beside what was found.
type best struct {
	// Keys are written of this much: of the best when they were ranked, so many, and of those that came after.
	Keys   output `json:"keys"`
	Ranked int    `json:"ranked"`
	// Worst is what a row has to beat to be among the best; nil as long as there are fewer than wanted.
	Worst json.RawMessage `json:"worst,omitempty"`
	// Written is how many rows were looked at when the records were written, Fresh whether they have changed since.
	Written int64 `json:"written"`
	Fresh   bool  `json:"fresh,omitempty"`
}

// few reports whether all of the best are looked at in each step.
func (s *search) few() bool {
	return s.place.Best.Keys.Returned <= fewRecords && s.place.Bytes <= pieceBytes
}

// readBetter reads the next rows of a sorted search. Few are compared with nothing, but ranked at once, so that it does not matter if
// one of them is gone.
func (s *search) readBetter(ctx context.Context, rows int) (scan.Page, error) {
	if s.place.Best == nil {
		s.place.Best = &best{}
	}
	worst := s.place.Best.Worst
	if s.few() {
		worst = nil
	}
	return s.turn.ScanBetter(ctx, s.plan, s.place.After, rows, worst)
}

// keepBest takes a page's keys to those of the best, and does what is due.
func (s *search) keepBest(ctx context.Context, page scan.Page) error {
	b := s.place.Best
	b.Fresh = b.Fresh || len(page.Keys) > 0
	switch {
	case s.few(), b.Fresh && (s.done || s.place.Scanned >= 2*b.Written):
		if err := s.writeBest(ctx, page.Keys); err != nil {
			return err
		}
	case s.rankDue(len(page.Keys)):
		if err := s.rank(ctx, page.Keys); err != nil {
			return err
		}
	default:
		if err := s.write(ctx, store.KeysStage, &b.Keys, page.Keys); err != nil {
			return err
		}
	}
	if s.done {
		return s.rewrite(ctx, store.KeysStage, &b.Keys, nil)
	}
	return nil
}

// rankDue reports whether, with so many more, there are as many new keys as are wanted; of the first ranking, as many at all.
func (s *search) rankDue(more int) bool {
	b, limit := s.place.Best, s.plan.Limit()
	keys := b.Keys.Returned + more
	if b.Worst != nil {
		keys -= b.Ranked
	}
	return more > 0 && limit > 0 && keys >= limit
}

// rank finds the best of all keys and leaves the others out.
func (s *search) rank(ctx context.Context, more [][]byte) error {
	keys, err := s.lines(ctx, store.KeysStage, s.place.Best.Keys)
	if err != nil {
		return err
	}
	ranked, err := s.turn.Rank(ctx, s.plan, append(keys, more...))
	if err != nil {
		return err
	}
	return s.keepRanked(ctx, keys, ranked)
}

func (s *search) keepRanked(ctx context.Context, before [][]byte, ranked scan.Best) error {
	b := s.place.Best
	b.Worst, b.Ranked = ranked.Worst, len(ranked.Keys)
	if s.done || slices.EqualFunc(before, ranked.Keys, bytes.Equal) {
		return nil
	}
	return s.rewrite(ctx, store.KeysStage, &b.Keys, ranked.Keys)
}

// writeBest finds the best of all keys and writes their records, as they are now.
func (s *search) writeBest(ctx context.Context, more [][]byte) error {
	keys, err := s.lines(ctx, store.KeysStage, s.place.Best.Keys)
	if err != nil {
		return err
	}
	ranked, err := s.turn.ScanBest(ctx, s.plan, append(keys, more...), s.maxBytes)
	if err != nil {
		return err
	}
	s.place.Truncated = s.place.Truncated || ranked.Truncated
	if err := s.keepRanked(ctx, keys, ranked); err != nil {
		return err
	}
	s.place.Best.Written, s.place.Best.Fresh = s.place.Scanned, false
	if same, err := s.same(ctx, ranked.Records); same || err != nil {
		return err
	}
	return s.rewrite(ctx, store.RowsStage, &s.place.output, ranked.Records)
}

// same reports whether few records are those that were written already. Many are not compared: some have changed.
func (s *search) same(ctx context.Context, records [][]byte) (bool, error) {
	if s.place.Bytes > pieceBytes || len(records) != s.place.Returned {
		return false, nil
	}
	written, err := s.lines(ctx, store.RowsStage, s.place.output)
	return err == nil && slices.EqualFunc(written, records, bytes.Equal), err
}
