package load

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// errUnknownRow is returned if Postgres returns a row number that was not sent.
var errUnknownRow = errors.New("a row was returned that was not sent: a trigger of the table changes " + importRowColumn)

// upsertRows sends rows as an array of the table's composite type, in a savepoint that the caller
// ends. Each row replaces an older row with its key. This needs no temporary table, so neither the
// privilege to create one nor writes to the catalog.
func (l *loader) upsertRows(ctx context.Context, rows []int32) error {
	if err := l.exec(ctx, savepointSQL+"; "+l.table.clearNotes()); err != nil {
		return err
	}
	written := l.sendUpsert(ctx, rows)
	if l.table.bookkeeping == 0 {
		return l.setAllWritten(rows, written)
	}
	next, known := returned{batch: l.batch, rows: rows}, true
	for known && written.NextRow() {
		var row int32
		if row, known = next.find(int32(readInt(written.Values()[1]))); known { //nolint:gosec // an INT
			l.setWritten(row, written.Values())
		}
	}
	if _, err := written.Close(); err != nil {
		return err
	}
	if !known {
		return errUnknownRow
	}
	l.unreturned = next.others(l.unreturned[:0])
	return nil
}

// sendUpsert sends rows to the upsert.
func (l *loader) sendUpsert(ctx context.Context, rows []int32) *pgconn.ResultReader {
	values, formats := l.upsertParameters(rows)
	return l.conn.ExecParams(ctx, l.ways.upsert.sql, values, nil, formats, []int16{pgx.BinaryFormatCode})
}

// setAllWritten sets the outcomes of rows without a number, which Postgres returns in the order in which they
// were sent. It returns errDropped if not all are returned: only a trigger that drops a row causes that, and
// which row it was can't be seen.
func (l *loader) setAllWritten(rows []int32, written *pgconn.ResultReader) error {
	n := 0
	for ; written.NextRow(); n++ {
		if n < len(rows) {
			l.setWritten(rows[n], written.Values())
		}
	}
	if _, err := written.Close(); err != nil {
		return err
	}
	if n != len(rows) {
		return errDropped
	}
	l.unreturned = l.unreturned[:0]
	return nil
}

// setWritten sets the outcome of a record from what the upsert returned for it.
func (l *loader) setWritten(row int32, values [][]byte) {
	l.batch.outcomes[row] = operation.Created
	if created := values[0][0] != 0; !created {
		l.batch.outcomes[row] = operation.Updated
		l.conflict = true
	}
}

// returned matches the rows that Postgres returns with those that were sent. Postgres returns them
// in the order in which they were sent; databases that distribute a table may not.
type returned struct {
	batch *Batch
	rows  []int32
	next  int
	// found has the rows that were returned, byNumber all rows that were sent. Both are nil while
	// every row has been returned in order.
	found    map[int32]bool
	byNumber map[int32]int32
}

// find returns the row with the number, and false if it was not sent.
func (r *returned) find(number int32) (row int32, known bool) {
	if r.byNumber == nil && r.next < len(r.rows) && r.batch.entries[r.rows[r.next]].row == number {
		r.next++
		return r.rows[r.next-1], true
	}
	if r.byNumber == nil {
		r.byNumber, r.found = make(map[int32]int32, len(r.rows)), make(map[int32]bool, len(r.rows))
		for i, sent := range r.rows {
			r.byNumber[r.batch.entries[sent].row] = sent
			r.found[sent] = i < r.next
		}
	}
	row, known = r.byNumber[number]
	r.found[row] = true
	return row, known
}

// others appends the rows that were not returned.
func (r *returned) others(dst []int32) []int32 {
	if r.byNumber == nil {
		return append(dst, r.rows[r.next:]...)
	}
	for _, row := range r.rows {
		if !r.found[row] {
			dst = append(dst, row)
		}
	}
	return dst
}

// settleUnreturned settles the rows that upserts have sent and not returned. Such a row is
// superseded if the table has a later row with its key. Otherwise a trigger has dropped it.
func (l *loader) settleUnreturned(ctx context.Context) error {
	if len(l.unreturned) == 0 {
		return nil
	}
	l.conflict = true
	superseded := returned{batch: l.batch, rows: l.unreturned}
	if err := l.findSuperseded(ctx, &superseded); err != nil {
		return err
	}
	for _, row := range superseded.others(nil) {
		l.reject(row, l.unreturnedReason())
	}
	l.unreturned = l.unreturned[:0]
	return nil
}

// unreturnedReason is why a row was neither written nor superseded: a trigger has dropped it, or it was
// not inserted because of a row with its key that a policy hides.
func (l *loader) unreturnedReason() operation.Reason {
	if l.mode == collection.Insert && l.table.rowSecurity && len(l.table.rowTriggers) == 0 {
		return l.table.explain(&pgconn.PgError{Code: insufficientRight})
	}
	return operation.Reason{Code: CodeUnspecified, Message: "a trigger or a rule of the table dropped the record"}
}

// findSuperseded settles the rows that a later row of the table supersedes.
func (l *loader) findSuperseded(ctx context.Context, superseded *returned) error {
	if l.table.bookkeeping == 0 {
		return nil
	}
	l.batch.array = l.batch.appendArray(l.batch.array[:0], l.unreturned, nil)
	format := []int16{pgx.BinaryFormatCode}
	result := l.conn.ExecParams(ctx, l.table.laterSQL, [][]byte{l.batch.array}, nil, []int16{l.table.format()}, format)
	for result.NextRow() {
		values := result.Values()
		if row, known := superseded.find(int32(readInt(values[0]))); known { //nolint:gosec // an INT
			l.batch.outcomes[row] = operation.Superseded
			l.supersededBy = max(l.supersededBy, int64(binary.BigEndian.Uint64(values[1]))) //nolint:gosec // a BIGINT
		}
	}
	_, err := result.Close()
	return err
}

// noRow is no row of a batch.
const noRow = -1

// appendArray encodes rows as a one-dimensional array of the table's composite type. Each member
// follows its type's OID, in the order of the table. Unless needed is empty, the fields for which
// it is false are sent as NULL. The element of noRow is NULL.
func (b *Batch) appendArray(dst []byte, rows []int32, needed []bool) []byte {
	if b.table.textual {
		return b.appendTextArray(dst, rows, needed)
	}
	for _, word := range [...]uint32{1, 0, b.table.rowType, uint32(len(rows)), 1} { //nolint:gosec // thousands
		dst = binary.BigEndian.AppendUint32(dst, word)
	}
	fields := make([][]byte, b.table.fields())
	for _, row := range rows {
		if row == noRow {
			dst = binary.BigEndian.AppendUint32(dst, nullLength)
			continue
		}
		splitFields(fields, b.encoded(row))
		start := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(b.table.attributes))) //nolint:gosec // at most 1600
		for i, attribute := range b.table.attributes {
			field := nullField
			if attribute.field >= 0 && (len(needed) == 0 || needed[attribute.field]) {
				field = fields[attribute.field]
			}
			if filler := b.filler(i); filler != nil && isNullField(field) {
				field = filler
			}
			dst = append(binary.BigEndian.AppendUint32(dst, attribute.typeOID), field...)
		}
		binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4)) //nolint:gosec // a record is megabytes at most
	}
	return dst
}

// nullField is an encoded field that is NULL.
var nullField = []byte{0xff, 0xff, 0xff, 0xff}

func isNullField(field []byte) bool { return binary.BigEndian.Uint32(field) == nullLength }

// splitFields splits an encoded row into its fields with their length words.
func splitFields(fields [][]byte, row []byte) {
	rest := row[2:]
	for i := range fields {
		size := 4
		if word := binary.BigEndian.Uint32(rest); word != nullLength {
			size += int(word)
		}
		fields[i], rest = rest[:size], rest[size:]
	}
}
