package ingest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/schema"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// step processes one chunk inside its transaction: it checks each record, loads the valid ones and
// explains the others.
func (p *pipeline) step(ctx context.Context, s *store.Step) (store.Effect, error) {
	buffers, _ := p.scratch.Get().(*scratch)
	defer p.scratch.Put(buffers)
	records, err := buffers.opener.Open(s.Payload, s.Rows)
	if err != nil {
		return store.Effect{}, err
	}
	buffers.batch.Reset()
	rejected, byTable := buffers.check(p, s.FirstRow, records)
	if byTable && p.mayBeOutdated(s.Number) {
		return store.Effect{}, &outdatedError{s.Number}
	}
	loaded, err := s.Load(ctx, buffers.batch)
	if err != nil {
		return store.Effect{}, fmt.Errorf("loading the records: %w", err)
	}
	return effect(s.FirstRow, records, rejected, buffers.batch, loaded), nil
}

// outdatedError is returned by a step that would reject records by a description of the table that may be outdated:
// they could be valid since an ALTER TABLE.
type outdatedError struct {
	// number is that of the operation.
	number int64
}

func (*outdatedError) Error() string { return "the table may have changed since it was described" }

// check adds every valid record to the batch and returns the others. byTable reports whether some of them were
// rejected because of the table's columns.
func (b *scratch) check(p *pipeline, firstRow int, records [][]byte) (rejected []operation.Rejection, byTable bool) {
	for n, raw := range records {
		values, reasons := b.reader.Read(raw)
		readable := reasons == nil
		switch {
		case !readable:
			reasons = addSchemaReasons(p.checker, raw, reasons)
		case b.reader.HasOthers() && p.checker.ConstrainsUndeclared():
			reasons = p.checker.Explain(raw)
		default:
			reasons = p.checker.Check(b.reader.Declared(), values)
		}
		p.fill(values)
		switch {
		case reasons == nil:
			reasons = b.batch.Add(firstRow+n, values)
			byTable = byTable || reasons != nil
		case readable:
			reasons = b.addTableReasons(values, reasons)
		}
		if reasons != nil {
			rejected = append(rejected, operation.Rejection{Row: firstRow + n, Received: raw, Reasons: reasons})
		}
	}
	return rejected, byTable
}

// fill sets the values of absent members that have a default.
func (p *pipeline) fill(values []jsontext.Value) {
	for i := range min(len(p.defaults), len(values)) {
		if values[i] == nil {
			values[i] = p.defaults[i]
		}
	}
}

// addSchemaReasons adds the schema's reasons to those of the strict reader, so that the client can
// correct the record in one pass. It does so only if all strict reasons are undeclared members: the
// schema's parser is less strict and might otherwise read another record than the one that was
// sent.
func addSchemaReasons(checker *schema.Checker, raw []byte, strict []operation.Reason) []operation.Reason {
	explained := make(map[string]bool, len(strict))
	for _, r := range strict {
		if r.Code != record.UnknownMember {
			return strict
		}
		explained[r.Pointer] = true
	}
	for _, r := range checker.Explain(raw) {
		if !explained[r.Pointer] && len(strict) < record.MaxReasons {
			strict = append(strict, r)
		}
	}
	return strict
}

// addTableReasons adds the reasons of the columns to those of the schema, so that the client can correct the record in
// one pass. A member that the schema refuses has no second reason.
func (b *scratch) addTableReasons(values []jsontext.Value, reasons []operation.Reason) []operation.Reason {
	bySchema := reasons
	for _, r := range b.trial.Add(1, values) {
		known := slices.ContainsFunc(bySchema, func(s operation.Reason) bool {
			return s.Pointer == r.Pointer || strings.HasPrefix(s.Pointer, r.Pointer+"/")
		})
		if !known && len(reasons) < record.MaxReasons {
			reasons = append(reasons, r)
		}
	}
	b.trial.Reset()
	return reasons
}

// effect returns the outcome of each row of the chunk and all rejections, by row.
func effect(firstRow int, records [][]byte, rejected []operation.Rejection, batch *load.Batch, loaded load.Result) store.Effect {
	outcomes := make([]operation.Outcome, len(records))
	for n, outcome := range loaded.Outcomes {
		outcomes[batch.Row(n)-firstRow] = outcome
	}
	for _, r := range loaded.Rejected {
		r.Received = records[r.Row-firstRow]
		rejected = append(rejected, r)
	}
	for _, r := range rejected {
		outcomes[r.Row-firstRow] = operation.Rejected
	}
	for n := range rejected {
		rejected[n].Received = bytes.Clone(rejected[n].Received) // the next step overwrites the buffers
	}
	slices.SortFunc(rejected, func(a, b operation.Rejection) int { return a.Row - b.Row })
	return store.Effect{Outcomes: outcomes, Rejections: rejected}
}
