package load

import (
	"encoding/binary"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Batch collects a chunk's records as encoded rows. It is made for reuse: after Reset it takes the next chunk into the
// same memory. It is not safe for concurrent use.
type Batch struct {
	table *Table
	// rows holds the rows as binary COPY sends them, in the order of Add; entries tell where each one lies.
	rows    []byte
	entries []entry
	// order and previous are made by arrange, outcomes and rejected by Load; array is what the upsert sends.
	order    []sortable
	previous []int32
	winners  []int32
	outcomes []operation.Outcome
	rejected []operation.Rejection
	array    []byte
}

// entry is one record of the batch: its key and its row end where the key's and the row's stretch of Batch.rows end.
type entry struct {
	start, keyEnd, end int
	row                int32
}

// The beginning of every encoded row: the number of fields, then the two bookkeeping columns with their length words.
const (
	fieldCountAt   = 0
	importNumberAt = fieldCountAt + 2 + 4
	importRowAt    = importNumberAt + 8 + 4
	keyAt          = importRowAt + 4
)

// NewBatch returns an empty batch for the table.
func (t *Table) NewBatch() *Batch {
	return &Batch{table: t}
}

// Reset empties the batch and keeps its memory. What Load returned before is no longer valid.
func (b *Batch) Reset() {
	b.rows, b.entries = b.rows[:0], b.entries[:0]
}

// Len is the number of records in the batch.
func (b *Batch) Len() int { return len(b.entries) }

// Size is the memory that the records take, in bytes.
func (b *Batch) Size() int { return len(b.rows) }

// Row is the row number that the i-th record of the batch was added with, counted from 0.
func (b *Batch) Row(i int) int { return int(b.entries[i].row) }

// Add encodes a record. values holds its members' raw JSON in the order of the collection's properties; a member that is
// absent is nil. The values are copied. An absent member is NULL, as null is, whatever the column's default: a record replaces
// the whole row. If a value does not go into its column, Add returns every reason and the record is not in the batch.
func (b *Batch) Add(row int, values []jsontext.Value) []operation.Reason {
	if row < 1 || row > math.MaxInt32 {
		return []operation.Reason{{Code: CodeOutOfRange, Message: "an import has at most 2147483647 rows"}}
	}
	added := entry{start: len(b.rows), row: int32(row)}
	b.rows = b.table.appendBookkeeping(b.rows, added.row)
	var reasons []operation.Reason
	for i := range b.table.columns {
		c := &b.table.columns[i]
		var value jsontext.Value
		if c.member < len(values) {
			value = values[c.member]
		}
		var wrong defect
		if b.rows, wrong = c.appendField(b.rows, value); wrong != sound {
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
	added.end = len(b.rows)
	b.entries = append(b.entries, added)
	return nil
}

// appendBookkeeping begins a row. The import's number is stamped later.
func (t *Table) appendBookkeeping(dst []byte, row int32) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(t.columns)+2)) //nolint:gosec // a table has at most 1600 columns
	dst = binary.BigEndian.AppendUint32(dst, 8)
	dst = binary.BigEndian.AppendUint64(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, 4)
	return binary.BigEndian.AppendUint32(dst, uint32(row)) //nolint:gosec // positive
}

// stamp writes the import's number into every row.
func (b *Batch) stamp(importNumber int64) {
	for i := range b.entries {
		at := b.rows[b.entries[i].start+importNumberAt:]
		binary.BigEndian.PutUint64(at, uint64(importNumber)) //nolint:gosec // two's complement is the wire form
	}
}

// encoded is the record's row as binary COPY sends it.
func (b *Batch) encoded(i int32) []byte {
	return b.rows[b.entries[i].start:b.entries[i].end]
}

// key is the record's key: the stretch of its row with the key's columns, without the first one's length word.
func (b *Batch) key(i int32) []byte {
	return b.rows[b.entries[i].start+keyAt+4 : b.entries[i].keyEnd]
}
