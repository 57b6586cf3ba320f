package ingest

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/schema"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// lookups are the lookups of one step. The records of the step are read twice: at first their natural keys are
// collected, which one query then finds, and then the members that the lookups fill are known. So memory does not grow
// with the size of the records.
type lookups struct {
	checker *schema.Checker
	// keys are those of each lookup; nil for a lookup that the write mode does not need.
	keys []*load.Keys
	// sent reports for each lookup whether the record that was prepared last has a value of its own.
	sent []bool
	// places has the place of each record's key among those of each lookup.
	places []int
	// awaits reports whether a record whose row is missing waits for it: that is not so for deletions.
	awaits bool
	// creates reports whether a lookup creates rows: these must not be created for records that the table's columns refuse.
	creates bool
}

// noKey is the place of a record without a key for the lookup.
const noKey = -1

// newLookups returns the lookups of a table, for records that are written in the mode; nil if there are none. Of a record
// that deletes a row only the key is needed.
func newLookups(c *collection.Collection, checker *schema.Checker, t *load.Table, mode collection.WriteMode) *lookups {
	var l lookups
	for _, one := range t.Lookups() {
		if mode == collection.Delete && !slices.Contains(c.Key, one.Member) {
			continue
		}
		l.keys = append(l.keys, one.NewKeys())
		l.creates = l.creates || one.Missing == collection.CreateMissing && mode != collection.Delete
	}
	if l.keys == nil {
		return nil
	}
	l.checker, l.sent, l.awaits = checker, make([]bool, len(l.keys)), mode != collection.Delete
	return &l
}

// begin forgets the keys of the last step.
func (l *lookups) begin() {
	for _, keys := range l.keys {
		keys.Reset()
	}
	l.places = l.places[:0]
}

// prepare makes the values of a record those that are checked before the lookups are done: a member that is null, but has
// a key, is absent, and one whose key is null is null. It returns the reasons why the record has no value for a member.
func (l *lookups) prepare(r *record.Reader, values []jsontext.Value) (reasons []operation.Reason) {
	for i, keys := range l.keys {
		one := keys.Lookup()
		member := one.FilledBy()
		switch one.State(r.Sources()) {
		case load.KeyAbsent:
			if reason, required := l.checker.RequiresLooked(one.Member); required && values[member] == nil {
				reasons = append(reasons, reason)
			}
		case load.KeyNull:
			if values[member] == nil {
				values[member] = jsontext.Value("null")
			}
		case load.KeyIncomplete:
			reasons = append(reasons, one.Locate(one.Incomplete(), r.SourcePointer))
		case load.KeyComplete:
			if isNull(values[member]) {
				values[member] = nil
			}
		}
		l.sent[i] = values[member] != nil
	}
	return reasons
}

func isNull(value jsontext.Value) bool { return string(value) == "null" }

// add adds the keys of the record that was prepared last, which is valid without them.
func (l *lookups) add(r *record.Reader) (reasons []operation.Reason) {
	first := len(l.places)
	for _, keys := range l.keys {
		place := noKey
		if one := keys.Lookup(); one.State(r.Sources()) == load.KeyComplete {
			var wrong []operation.Reason
			place, wrong = keys.Add(r.Sources())
			reasons = append(reasons, locate(one, wrong, r)...)
		}
		l.places = append(l.places, place)
	}
	if reasons != nil || !l.creates {
		return reasons
	}
	for i, keys := range l.keys {
		if place := l.places[first+i]; place != noKey && !l.sent[i] {
			keys.Need(place, r.Sources())
		}
	}
	return nil
}

// skip is add for the n-th candidate, which is rejected.
func (l *lookups) skip(n int) {
	l.places = l.places[:n*len(l.keys)]
	for range l.keys {
		l.places = append(l.places, noKey)
	}
}

// set sets the members that the lookups fill in the n-th candidate, which was prepared again.
func (l *lookups) set(n int, r *record.Reader, values []jsontext.Value) (reasons []operation.Reason) {
	for i, keys := range l.keys {
		place, one := l.places[n*len(l.keys)+i], keys.Lookup()
		if place == noKey {
			continue
		}
		found, wrong := keys.Result(place, l.sent[i])
		reasons = append(reasons, locate(one, wrong, r)...)
		if wrong == nil && l.sent[i] && !one.Same(values[one.FilledBy()], found) {
			reasons = append(reasons, one.Contradicts())
		}
		values[one.FilledBy()] = found
	}
	return reasons
}

func locate(one *load.Lookup, reasons []operation.Reason, r *record.Reader) []operation.Reason {
	located := make([]operation.Reason, len(reasons))
	for i, reason := range reasons {
		located[i] = one.Locate(reason, r.SourcePointer)
	}
	return located
}

// fills reports whether a lookup fills the member to which the pointer leads.
func (l *lookups) fills(pointer string) bool {
	return slices.ContainsFunc(l.keys, func(keys *load.Keys) bool { return record.Pointer(keys.Lookup().Member) == pointer })
}

// lookUp does the lookups of the candidates that check has not rejected, and adds these to the batch. It returns all
// rejections, in the order of the records but for those of check, which come first. Records whose row is missing become
// orphans of the batch: see load.Batch.AddOrphan. If the lookup fills a part of the key, they are added to b.missed.
func (b *scratch) lookUp(
	ctx context.Context, s *store.Step, p *pipeline, rejected []operation.Rejection,
) (all []operation.Rejection, byTable bool, err error) {
	if err := s.Resolve(ctx, b.lookups.keys); err != nil {
		return nil, false, err
	}
	known := rejected
	for n, c := range b.candidates {
		if len(known) > 0 && known[0].Row == c.row {
			known = known[1:]
			continue
		}
		values, _ := b.reader.Read(c.raw) // check has accepted it
		_ = b.lookups.prepare(b.reader, values)
		reasons := b.lookups.set(n, b.reader, values)
		switch {
		case reasons == nil:
			p.fill(values)
			reasons = b.batch.Add(c.row, values)
			byTable = byTable || reasons != nil
		case b.lookups.awaits && areOrphans(reasons):
			p.fill(values)
			_ = b.lookups.set(n, b.reader, values) // no default stands for what is missing
			reasons = b.addOrphan(c, values, reasons)
		}
		if reasons != nil {
			rejected = append(rejected, operation.Rejection{Row: c.row, Received: c.raw, Reasons: reasons})
		}
	}
	return rejected, byTable, nil
}

// addOrphan adds a record whose row is missing, and returns why its key can't be used.
func (b *scratch) addOrphan(c candidate, values []jsontext.Value, missing []operation.Reason) []operation.Reason {
	reasons := b.batch.AddOrphan(c.row, values, missing)
	reasons = slices.DeleteFunc(reasons, func(r operation.Reason) bool { return b.lookups.fills(r.Pointer) })
	switch {
	case len(reasons) > 0:
		return append(missing, reasons...)
	case b.batch.Len() == 0 || b.batch.Row(b.batch.Len()-1) != c.row:
		b.missed = append(b.missed, operation.Rejection{Row: c.row, Reasons: missing})
	}
	return nil
}
