package load

import (
	"slices"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// The codes of reasons that belong to a write mode.
const (
	CodeExists  = "already-exists"
	CodeMissing = "no-such-key"
)

// ways are the ways in which a batch can be written.
type ways struct {
	// copySQL is the COPY, which leaves out the columns copyOmits; "" if none can write all rows.
	copySQL, copyOmits string
	upsert             upsert
	// atOnce reports whether rows that exist can be changed by a statement for each group.
	atOnce bool
	// evaluable reports whether queries find rows that a constraint refuses: each row is written as it is
	// sent.
	evaluable bool
	// sequential reports whether records with the same key are applied one after the other.
	sequential bool
}

func (l *loader) chooseWays() ways {
	omitted, same := l.omittedByAll()
	duplicates := len(l.batch.winners)+len(l.batch.aside) < len(l.batch.entries)
	whole := l.mode == collection.Replace && same && omitted == ""
	w := ways{evaluable: whole && l.table.kinds.upserts, sequential: l.batch.isSequential()}
	switch {
	case !l.table.kinds.upserts && (l.table.keyLength > 0 || !l.table.kinds.returns):
	case l.table.keyLength == 0 && same && omitted == "":
		w.upsert = upsert{sql: l.table.upsertSQL}
	case whole && len(l.table.undeclared) == 0:
		w.upsert = upsert{sql: l.table.upsertSQL, plain: true}
	case l.mode == collection.Replace, l.mode == collection.Merge && !duplicates:
		w.upsert = l.buildUpsert()
	}
	w.atOnce = l.mode != collection.Insert && !(w.sequential && duplicates) && !slices.Contains(l.table.access.Missing, "UPDATE") &&
		l.table.kinds.locks
	if l.mode.Creates() && l.table.kinds.copies && same && !(l.mode == collection.Merge && duplicates) {
		w.copySQL, w.copyOmits = l.table.copySQL, omitted
		if omitted != "" {
			w.copySQL = l.table.copyInto(l.table.insertedColumns(omitted))
		}
	}
	return w
}

// omittedByAll returns the columns that all records omit, and whether no record omits others.
func (l *loader) omittedByAll() (omitted string, same bool) {
	if len(l.omitted) == 1 {
		return "", true
	}
	for i, e := range l.batch.entries {
		if i == 0 {
			omitted = l.omitted[e.absent]
		} else if l.omitted[e.absent] != omitted {
			return "", false
		}
	}
	return omitted, true
}

// copied returns the rows that a COPY writes for the keys of rows: the first of each key if the mode
// only inserts, otherwise the last.
func (l *loader) copied(rows []int32) []int32 {
	if l.mode != collection.Insert || len(l.batch.winners) == len(l.batch.entries) {
		return rows
	}
	first := slices.Clone(rows)
	for i := range first {
		for l.batch.previous[first[i]] >= 0 {
			first[i] = l.batch.previous[first[i]]
		}
	}
	return first
}

// settleCopied settles the records that a COPY did not write because their key is already there.
func (l *loader) settleCopied(rows []int32) {
	if l.mode != collection.Insert {
		return
	}
	for _, row := range rows {
		for ; l.batch.previous[row] >= 0; row = l.batch.previous[row] {
			l.settleExisting(row)
		}
	}
}

// settleExisting settles a record of an insertion whose key exists. A record that is skipped counts as
// superseded: it is valid, and another row with its key stays.
func (l *loader) settleExisting(row int32) {
	if l.batch.writing.OnExisting == collection.SkipExisting {
		l.batch.outcomes[row] = operation.Superseded
		return
	}
	l.reject(row, l.table.keyReason(CodeExists, "a row with this key (%s) exists already"))
}

// settleMissing settles a record whose key does not exist, but must.
func (l *loader) settleMissing(row int32) {
	l.reject(row, l.table.keyReason(CodeMissing, "there is no row with this key (%s)"))
}

// chains returns the records with the keys of rows in the order in which they are written: either all
// of them, or the last of each key and behind it the earlier ones, which are spare.
func (l *loader) chains(rows []int32) (all []int32, spare []bool) {
	for _, row := range rows {
		start := len(all)
		for ; row >= 0; row = l.batch.previous[row] {
			all, spare = append(all, row), append(spare, !l.ways.sequential && len(all) > start)
		}
		if l.ways.sequential {
			slices.Reverse(all[start:])
		}
	}
	return all, spare
}

// settleChains sets the outcomes of records that were applied one after the other to the same row: only
// the last of them counts as created or updated.
func (l *loader) settleChains(rows []int32) {
	if !l.ways.sequential {
		return
	}
	for _, last := range rows {
		row := last
		for row >= 0 && !l.isWritten(row) {
			row = l.batch.previous[row]
		}
		if row < 0 {
			continue
		}
		for earlier := l.batch.previous[row]; earlier >= 0; earlier = l.batch.previous[earlier] {
			if l.isWritten(earlier) {
				if l.batch.outcomes[earlier] == operation.Created {
					l.batch.outcomes[row] = operation.Created
				}
				l.batch.outcomes[earlier] = operation.Superseded
			}
		}
	}
}

func (l *loader) isWritten(row int32) bool {
	o := l.batch.outcomes[row]
	return o == operation.Created || o == operation.Updated
}
