package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/schema"
	"github.com/longshore-io/longshore/pkg/store"
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
	buffers.batch.AwaitParents(true)
	buffers.candidates, buffers.missed = buffers.candidates[:0], buffers.missed[:0]
	for n, raw := range records {
		buffers.candidates = append(buffers.candidates, candidate{s.FirstRow + n, raw})
	}
	rejected, byTable := buffers.check(p)
	if buffers.lookups != nil && !(byTable && p.mayBeOutdated(s.Number)) {
		if rejected, byTable, err = buffers.lookUp(ctx, s, p, rejected); err != nil {
			return store.Effect{}, err
		}
	}
	if byTable && p.mayBeOutdated(s.Number) {
		return store.Effect{}, &outdatedError{s.Number}
	}
	loaded, err := s.Load(ctx, buffers.batch)
	if err != nil {
		return store.Effect{}, fmt.Errorf("loading the records: %w", err)
	}
	loaded.Rejected = append(loaded.Rejected, buffers.missed...)
	rows := staged{{firstRow: s.FirstRow, records: records, outcomes: make([]operation.Outcome, len(records))}}
	return rows.effect(rejected, buffers.batch, loaded, true), nil
}

// outdatedError is returned by a step that would reject records by a description of the table that may be outdated:
// they could be valid since an ALTER TABLE.
type outdatedError struct {
	// number is that of the operation.
	number int64
}

func (*outdatedError) Error() string { return "the table may have changed since it was described" }

// candidate is a record that a step tries.
type candidate struct {
	row int
	raw []byte
}

// check adds every candidate that is valid to the batch and returns the others. With lookups it adds their keys instead:
// lookUp adds the records. byTable reports whether some of them were rejected because of the table's columns.
func (b *scratch) check(p *pipeline) (rejected []operation.Rejection, byTable bool) {
	if b.lookups != nil {
		b.lookups.begin()
	}
	for n, c := range b.candidates {
		received, reasons, refused := b.examine(p, c)
		byTable = byTable || refused
		if reasons == nil {
			continue
		}
		rejected = append(rejected, operation.Rejection{Row: c.row, Received: received, Reasons: reasons})
		if b.lookups != nil {
			b.lookups.skip(n)
		}
	}
	return rejected, byTable
}

// examine is checkRecord for a record that the splitting of a body may have refused. received is what the client sent.
func (b *scratch) examine(p *pipeline, c candidate) (received []byte, reasons []operation.Reason, byTable bool) {
	if received, reason, refused := record.Refused(c.raw); refused {
		return received, []operation.Reason{reason}, false
	}
	reasons, byTable = b.checkRecord(p, c.row, c.raw)
	return c.raw, reasons, byTable
}

// checkRecord adds one record if it is valid. byTable reports whether the table's columns refuse it.
func (b *scratch) checkRecord(p *pipeline, row int, raw []byte) (reasons []operation.Reason, byTable bool) {
	values, reasons := b.reader.Read(raw)
	if reasons != nil {
		return addSchemaReasons(p.checker, raw, reasons), false
	}
	var unfilled []operation.Reason
	if b.lookups != nil {
		unfilled = b.lookups.prepare(b.reader, values)
	}
	if b.reader.HasOthers() && p.checker.ConstrainsUndeclared() {
		reasons = p.checker.Explain(raw)
	} else {
		reasons = p.checker.Check(b.reader.Declared(), values)
	}
	reasons = append(reasons, unfilled...)
	p.fill(values)
	if reasons != nil {
		return b.addTableReasons(values, reasons), false
	}
	reasons = b.add(row, values)
	return reasons, reasons != nil
}

// add adds a valid record to the batch, or its keys to the lookups.
func (b *scratch) add(row int, values []jsontext.Value) []operation.Reason {
	if b.lookups == nil {
		return b.batch.AddOf(b.number, row, values)
	}
	if b.lookups.creates {
		if reasons := b.addTableReasons(values, nil); reasons != nil {
			return reasons
		}
	}
	return b.lookups.add(b.reader)
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
// one pass. A member that the schema refuses, or that a lookup will fill, has no second reason.
func (b *scratch) addTableReasons(values []jsontext.Value, reasons []operation.Reason) []operation.Reason {
	bySchema := reasons
	for _, r := range b.trial.Add(1, values) {
		known := slices.ContainsFunc(bySchema, func(s operation.Reason) bool {
			return s.Pointer == r.Pointer || strings.HasPrefix(s.Pointer, r.Pointer+"/")
		}) || b.lookups != nil && b.lookups.fills(r.Pointer)
		if !known && len(reasons) < record.MaxReasons {
			reasons = append(reasons, r)
		}
	}
	b.trial.Reset()
	return reasons
}
