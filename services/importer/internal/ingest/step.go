package ingest

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/services/importer/internal/record"
	"github.com/longshore-io/longshore/services/importer/internal/schema"
)

// step is the work on one chunk, inside its transaction: check each record, load the good ones, explain the others.
func (p *plan) step(ctx context.Context, s *store.Step) (store.Effect, error) {
	b, _ := p.benches.Get().(*bench)
	defer p.benches.Put(b)
	records, err := b.opener.Open(s.Payload, s.Rows)
	if err != nil {
		return store.Effect{}, err
	}
	b.batch.Reset()
	rejected := b.check(p.checker, s.FirstRow, records)
	loaded, err := s.Load(ctx, b.batch)
	if err != nil {
		return store.Effect{}, fmt.Errorf("loading the records: %w", err)
	}
	return effect(s.FirstRow, records, rejected, b.batch, loaded), nil
}

// check puts every acceptable record into the batch and returns the others.
func (b *bench) check(checker *schema.Checker, firstRow int, records [][]byte) []operation.Rejection {
	var rejected []operation.Rejection
	for n, raw := range records {
		values, reasons := b.reader.Read(raw)
		if reasons != nil {
			reasons = explainFully(checker, raw, reasons)
		} else {
			reasons = checker.Check(raw, values)
		}
		if reasons == nil {
			reasons = b.batch.Add(firstRow+n, values)
		}
		if reasons != nil {
			rejected = append(rejected, operation.Rejection{Row: firstRow + n, Received: raw, Reasons: reasons})
		}
	}
	return rejected
}

// explainFully adds what the schema says about a record that is otherwise strictly good, so that one look is enough to correct it.
func explainFully(checker *schema.Checker, raw []byte, strict []operation.Reason) []operation.Reason {
	told := make(map[string]bool, len(strict))
	for _, r := range strict {
		if r.Code != record.UnknownMember {
			return strict // a parser that is less strict may see another record than the one that was sent
		}
		told[r.Pointer] = true
	}
	for _, r := range checker.Explain(raw) {
		if !told[r.Pointer] && len(strict) < record.MaxReasons {
			strict = append(strict, r)
		}
	}
	return strict
}

// effect says for each row of the chunk what became of it.
func effect(firstRow int, records [][]byte, rejected []operation.Rejection, batch *load.Batch, loaded load.Result) store.Effect {
	outcomes := make([]operation.Outcome, len(records))
	for n, outcome := range loaded.Outcomes {
		outcomes[batch.Row(n)-firstRow] = outcome
	}
	for _, refused := range loaded.Rejected {
		refused.Received = records[refused.Row-firstRow]
		rejected = append(rejected, refused)
	}
	for _, r := range rejected {
		outcomes[r.Row-firstRow] = operation.Rejected
	}
	for n := range rejected {
		rejected[n].Received = bytes.Clone(rejected[n].Received) // the next step takes the bench and its buffers
	}
	slices.SortFunc(rejected, func(a, b operation.Rejection) int { return a.Row - b.Row })
	return store.Effect{Outcomes: outcomes, Rejections: rejected}
}
