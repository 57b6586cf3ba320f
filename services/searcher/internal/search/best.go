package search

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

// A sorted search must read the whole table to find its best records, those that sort first. It
// writes partial results in one of two ways.
//
// Up to maxFewRecords records that fit into one block, every step ranks all of them and writes them
// if they have changed. Reading the step's rows costs more than that.
//
// Beyond, a step only appends keys. The keys are ranked when as many new ones have arrived as the
// limit of the query. The records are written when twice as many rows have been read as at the time
// before, and at the end. So they are written about as often as the number of rows read doubles,
// whatever the order of the rows.
const maxFewRecords = 1000

// best is the state of a sorted search, beside the records in its output.
type best struct {
	// Keys is the extent of the keys written: those last ranked, followed by those found since.
	Keys output `json:"keys"`
	// Ranked is the number of keys last ranked.
	Ranked int `json:"ranked"`
	// Worst is the sort value of the last ranked key, which a row has to precede; nil while the
	// limit is not reached.
	Worst json.RawMessage `json:"worst,omitempty"`
	// Written is the number of rows that had been read when the records were last written.
	Written int64 `json:"written"`
	// Changed reports whether keys have been found since.
	Changed bool `json:"fresh,omitempty"`
}

// few reports whether every step ranks all of the best records.
func (s *step) few() bool {
	return s.checkpoint.Best.Keys.Returned <= maxFewRecords && s.checkpoint.Bytes <= blockBytes
}

// scanBetter reads the next rows and returns the keys of those that precede Worst. Few records are
// ranked again in every step, so they are not compared with Worst: its row may have been deleted.
func (s *step) scanBetter(ctx context.Context, batch int) (scan.Page, error) {
	if s.checkpoint.Best == nil {
		s.checkpoint.Best = &best{}
	}
	worst := s.checkpoint.Best.Worst
	if s.few() {
		worst = nil
	}
	return s.tx.ScanBetter(ctx, s.plan, s.checkpoint.After, batch, worst)
}

// keepBest adds a page's keys, and writes the records or ranks the keys if that is due.
func (s *step) keepBest(ctx context.Context, page scan.Page) error {
	b := s.checkpoint.Best
	b.Changed = b.Changed || len(page.Keys) > 0
	var err error
	switch {
	case s.few(), b.Changed && (s.done || s.checkpoint.Scanned >= 2*b.Written):
		err = s.writeBest(ctx, page.Keys)
	case s.rankingDue(len(page.Keys)):
		err = s.rank(ctx, page.Keys)
	default:
		err = s.appendLines(ctx, store.KeysStage, &b.Keys, page.Keys)
	}
	if err == nil && s.done {
		err = s.replaceLines(ctx, store.KeysStage, &b.Keys, nil)
	}
	return err
}

// rankingDue reports whether as many new keys as the limit have arrived, including more. Before the
// first ranking all keys are new.
func (s *step) rankingDue(more int) bool {
	b, limit := s.checkpoint.Best, s.plan.Limit()
	fresh := b.Keys.Returned + more
	if b.Worst != nil {
		fresh -= b.Ranked
	}
	return more > 0 && limit > 0 && fresh >= limit
}

// rank keeps the best of all keys and drops the others.
func (s *step) rank(ctx context.Context, more [][]byte) error {
	keys, err := s.readLines(ctx, store.KeysStage, s.checkpoint.Best.Keys)
	if err != nil {
		return err
	}
	ranked, err := s.tx.Rank(ctx, s.plan, append(keys, more...))
	if err != nil {
		return err
	}
	return s.keepRanked(ctx, keys, ranked)
}

// keepRanked writes the ranked keys unless they equal those written before.
func (s *step) keepRanked(ctx context.Context, before [][]byte, ranked scan.Best) error {
	b := s.checkpoint.Best
	b.Worst, b.Ranked = ranked.Worst, len(ranked.Keys)
	if s.done || slices.EqualFunc(before, ranked.Keys, bytes.Equal) {
		return nil
	}
	return s.replaceLines(ctx, store.KeysStage, &b.Keys, ranked.Keys)
}

// writeBest ranks all keys and writes the current records of the best.
func (s *step) writeBest(ctx context.Context, more [][]byte) error {
	b := s.checkpoint.Best
	keys, err := s.readLines(ctx, store.KeysStage, b.Keys)
	if err != nil {
		return err
	}
	ranked, err := s.tx.ScanBest(ctx, s.plan, append(keys, more...), s.maxBytes)
	if err != nil {
		return err
	}
	s.checkpoint.Truncated = s.checkpoint.Truncated || ranked.Truncated
	if err := s.keepRanked(ctx, keys, ranked); err != nil {
		return err
	}
	b.Written, b.Changed = s.checkpoint.Scanned, false
	if written, err := s.alreadyWritten(ctx, ranked.Records); written || err != nil {
		return err
	}
	return s.replaceLines(ctx, store.RowsStage, &s.checkpoint.output, ranked.Records)
}

// alreadyWritten reports whether the output equals records. It does not compare large outputs,
// which have almost always changed.
func (s *step) alreadyWritten(ctx context.Context, records [][]byte) (bool, error) {
	if s.checkpoint.Bytes > blockBytes || len(records) != s.checkpoint.Returned {
		return false, nil
	}
	written, err := s.readLines(ctx, store.RowsStage, s.checkpoint.output)
	return err == nil && slices.EqualFunc(written, records, bytes.Equal), err
}
