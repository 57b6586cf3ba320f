package load

import (
	"encoding/binary"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// aside is a record that Load does not write.
type aside struct {
	index   int32
	reasons []operation.Reason
	// next is the place in order of the records behind it.
	next int
}

// AddOrphan adds a record whose row lacks a value of another table's row that is missing, which is no part of the key.
// Load rejects it for the reasons, but keeps its place among the records with the same key: it is superseded
// by a later one that is written, and AwaitParents applies to it. If the key does not fit its columns, AddOrphan returns why,
// and does not add the record.
func (b *Batch) AddOrphan(row int, values []jsontext.Value, missing []operation.Reason) (reasons []operation.Reason) {
	added := entry{start: len(b.rows), row: int32(row)} //nolint:gosec // Add has checked the rows of an import
	b.rows = b.table.appendBookkeeping(b.rows, 0, added.row)
	for i := range b.table.columns {
		c := &b.table.columns[i]
		if i >= b.table.keyLength {
			b.rows = binary.BigEndian.AppendUint32(b.rows, nullLength)
			continue
		}
		var wrong defect
		if b.rows, wrong = c.appendField(b.rows, b.value(i, values)); wrong != sound {
			reasons = append(reasons, c.reason(wrong))
		}
		added.keyEnd = len(b.rows)
	}
	if reasons != nil {
		b.rows = b.rows[:added.start]
		return reasons
	}
	added.end = len(b.rows)
	if b.orphans == nil {
		b.orphans = make(map[int32][]operation.Reason)
	}
	b.orphans[int32(len(b.entries))] = missing //nolint:gosec // at most the rows of an import
	b.entries = append(b.entries, added)
	return nil
}

// setAside removes the orphans from order and, where records with one key are applied one after the other and orphans
// are tried again, the records behind them.
func (b *Batch) setAside() {
	b.aside = b.aside[:0]
	if len(b.orphans) == 0 {
		return
	}
	kept := b.order[:0]
	last := int32(-1) // of the records with the same key
	var waiting []operation.Reason
	for _, o := range b.order {
		if b.table.keyLength == 0 || last >= 0 && b.compareKeys(last, o.index) != 0 {
			waiting = nil
		}
		last = o.index
		reasons, orphaned := b.orphans[o.index]
		readable := len(b.ranks) == 0 || b.ranks[o.index] != 0
		switch {
		case !readable || b.isLater(o.index):
			kept = append(kept, o)
			continue
		case orphaned && b.awaits && b.isSequential():
			waiting = reasons
		case waiting != nil:
			reasons = waiting
		case !orphaned:
			kept = append(kept, o)
			continue
		}
		b.aside = append(b.aside, aside{o.index, reasons, len(kept)})
	}
	b.order = kept
	for _, a := range b.aside {
		if len(kept) > 0 { // so that it does not matter which columns it leaves out
			b.entries[a.index].absent = b.entries[kept[0].index].absent
		}
	}
}

// isSequential reports whether records with the same key are applied one after the other.
func (b *Batch) isSequential() bool {
	return b.writing.Mode != collection.Replace && b.writing.Mode != collection.Delete
}

// settleAside sets the outcomes of the records that were set aside.
func (l *loader) settleAside() {
	b := l.batch
	for _, a := range b.aside {
		if l.isReplaced(a) {
			b.outcomes[a.index] = operation.Superseded
			continue
		}
		b.outcomes[a.index] = operation.Rejected
		b.rejected = append(b.rejected, operation.Rejection{Row: b.Row(int(a.index)), Reasons: a.reasons})
	}
}

// isReplaced reports whether a later record with the same key was written, or superseded by one that was.
func (l *loader) isReplaced(a aside) bool {
	b := l.batch
	if b.table.keyLength == 0 || b.isSequential() {
		return false
	}
	for _, o := range b.order[a.next:] {
		if b.compareKeys(a.index, o.index) != 0 {
			break
		}
		if b.outcomes[o.index] != operation.Rejected {
			return true
		}
	}
	return false
}
