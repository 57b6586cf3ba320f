package load

import (
	"encoding/binary"
	"math"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Batch collects a chunk's records as encoded rows. After Reset it reuses its memory for the next
// chunk. It is not safe for concurrent use.
type Batch struct {
	table *Table
	// rows contains the rows in binary COPY format in the order of Add; entries contains their
	// offsets.
	rows    []byte
	entries []entry
	// arrange sets order, previous and winners; Load sets outcomes and rejected. array is the
	// upsert's parameter.
	order []sortable
	// ranks are the ranks of the records' keys, if Postgres compares them; 0 for a key that it cannot read.
	ranks    []int32
	previous []int32
	winners  []int32
	outcomes []operation.Outcome
	// later marks the records that Supersede has found; it is empty if there are none.
	later    []bool
	rejected []operation.Rejection
	array    []byte
	texts    texts
	// writing is how the records are written, and optional marks the columns of which it matters
	// whether a record leaves them out or has null.
	writing  collection.Writing
	optional []bool
	absences absences
	// filled is the memory into which Load copies the rows with their defaults.
	filled []byte
	// awaits reports whether records that a foreign key refused are tried again: see AwaitParents.
	awaits bool
	// orphans has the reasons of the records of AddOrphan. arrange sets aside.
	orphans map[int32][]operation.Reason
	aside   []aside
	// fillers are sent instead of NULL, by the attribute; see readFillers.
	fillers [][]byte
}

// entry is a record of the batch. Its row is Batch.rows[start:end]; its key ends at keyEnd.
type entry struct {
	start, keyEnd, end int
	row                int32
	// number is that of the record's import, if the batch is for LoadGroup.
	number int64
	// absent is the number of the set of columns that the record leaves out.
	absent int32
}

// Offsets in an encoded row, which begins with the number of fields and perhaps the two bookkeeping
// columns, each after its length word.
const (
	fieldsOffset       = 2
	importNumberOffset = fieldsOffset + 4
	importRowOffset    = importNumberOffset + 8 + 4
)

// keyOffset returns the offset of the first column of the key, with its length word.
func (t *Table) keyOffset() int {
	if t.bookkeeping == 0 {
		return fieldsOffset
	}
	return importRowOffset + 4
}

// fields returns the number of fields in an encoded row.
func (t *Table) fields() int { return t.bookkeeping + len(t.columns) }

// NewBatch returns an empty batch for the table. Its records are written as the collection says.
func (t *Table) NewBatch() *Batch {
	b := &Batch{table: t}
	if t.textual || len(t.ranking.texts) > 0 {
		b.texts = texts{table: t, types: pgtype.NewMap()}
	}
	b.setWriting(t.writing)
	b.Reset()
	return b
}

// Table returns the table for which the batch was made.
func (b *Batch) Table() *Table { return b.table }

// Reset empties the batch and keeps its memory. It invalidates the last result of Load.
func (b *Batch) Reset() {
	b.rows, b.entries, b.later = b.rows[:0], b.entries[:0], b.later[:0]
	clear(b.orphans)
	b.absences.reset()
}

// AwaitParents sets whether the caller tries records that a foreign key refuses again after the batch. Then
// Load also rejects, for the same reason, the records that are to be applied after such a record, so that
// the caller can apply them in the same order.
func (b *Batch) AwaitParents(awaits bool) { b.awaits = awaits }

// Len returns the number of records in the batch.
func (b *Batch) Len() int { return len(b.entries) }

// Size returns the size of the encoded records in bytes.
func (b *Batch) Size() int { return len(b.rows) }

// Row returns the row number of the i-th record of the batch, counted from 0.
func (b *Batch) Row(i int) int { return int(b.entries[i].row) }

// Add encodes a record. values are its members' raw JSON in the order of the collection's
// properties; nil for an absent member. Add copies the values. What an absent member means depends on
// the write mode and on the column's default; without a default, a row that is created has NULL. If a
// value does not fit its column, Add returns the reasons of all such values and does not add the record.
func (b *Batch) Add(row int, values []jsontext.Value) []operation.Reason {
	return b.AddOf(0, row, values)
}

// AddOf is Add for a record of the import with the number, in a batch for LoadGroup. The imports are added in the order
// of their numbers.
func (b *Batch) AddOf(importNumber int64, row int, values []jsontext.Value) []operation.Reason {
	if row < 1 || row > math.MaxInt32 {
		return []operation.Reason{{Code: CodeOutOfRange, Message: "an import has at most 2147483647 rows"}}
	}
	added := entry{start: len(b.rows), row: int32(row), number: importNumber}
	b.rows = b.table.appendBookkeeping(b.rows, added.number, added.row)
	b.absences.begin(len(b.table.columns))
	var reasons []operation.Reason
	for i := range b.table.columns {
		c := &b.table.columns[i]
		value := b.value(i, values)
		var wrong defect
		if len(value) == 0 && b.optional[i] {
			b.absences.add(i)
			b.rows = binary.BigEndian.AppendUint32(b.rows, nullLength)
		} else if b.rows, wrong = c.appendField(b.rows, value); wrong != sound {
			reasons = append(reasons, c.reason(wrong))
		}
		if i == b.table.keyLength-1 {
			added.keyEnd = len(b.rows)
		}
	}
	if reasons != nil {
		b.rows = b.rows[:added.start]
		return reasons
	}
	added.end, added.absent = len(b.rows), b.absences.number()
	b.entries = append(b.entries, added)
	return nil
}

// Truncate removes the records from the n-th on, counted from 0.
func (b *Batch) Truncate(n int) {
	if n < len(b.entries) {
		b.rows, b.entries = b.rows[:b.entries[n].start], b.entries[:n]
	}
}

// appendBookkeeping begins a row. Load sets the import's number later.
func (t *Table) appendBookkeeping(dst []byte, importNumber int64, row int32) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(t.fields())) //nolint:gosec // a table has at most 1600 columns
	if t.bookkeeping == 0 {
		return dst
	}
	dst = binary.BigEndian.AppendUint32(dst, 8)
	dst = binary.BigEndian.AppendUint64(dst, uint64(importNumber)) //nolint:gosec // two's complement is the wire format
	dst = binary.BigEndian.AppendUint32(dst, 4)
	return binary.BigEndian.AppendUint32(dst, uint32(row)) //nolint:gosec // positive
}

// setImportNumber writes the import's number into every row that has a place for it.
func (b *Batch) setImportNumber(importNumber int64) {
	if b.table.bookkeeping == 0 {
		return
	}
	for i := range b.entries {
		field := b.rows[b.entries[i].start+importNumberOffset:]
		binary.BigEndian.PutUint64(field, uint64(importNumber)) //nolint:gosec // two's complement is the wire format
	}
}

// encoded returns the record's row in binary COPY format.
func (b *Batch) encoded(i int32) []byte {
	return b.rows[b.entries[i].start:b.entries[i].end]
}

// key returns the part of the record's row with the key's columns, without the length word of the
// first.
func (b *Batch) key(i int32) []byte {
	return b.rows[b.entries[i].start+b.table.keyOffset()+4 : b.entries[i].keyEnd]
}
