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
	var rejected []operation.Rejection
	byTable := false
	for n, raw := range records {
		var refused bool
		rejected, refused = buffers.check(p, s.FirstRow+n, raw, rejected)
		byTable = byTable || refused
	}
	if byTable && p.mayBeOutdated(s.Number) {
		return store.Effect{}, &outdatedError{s.Number}
	}
	loaded, err := s.Load(ctx, buffers.batch)
	if err != nil {
		return store.Effect{}, fmt.Errorf("loading the records: %w", err)
	}
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

// check adds a record to the batch if it is valid, and to the rejected ones otherwise. byTable reports whether it was
// rejected because of the table's columns.
func (b *scratch) check(p *pipeline, row int, raw []byte, rejected []operation.Rejection) (all []operation.Rejection, byTable bool) {
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
		reasons = b.batch.Add(row, values)
		byTable = reasons != nil
	case readable:
		reasons = b.addTableReasons(values, reasons)
	}
	if reasons != nil {
		rejected = append(rejected, operation.Rejection{Row: row, Received: raw, Reasons: reasons})
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
