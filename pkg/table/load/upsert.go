package load

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// errUnknownRow is returned if Postgres returns a row number that was not sent.
var errUnknownRow = errors.New("a row was returned that was not sent: a trigger of the table changes " + importRowColumn)

// upsertRows sends rows as an array of the table's composite type. Each row replaces an older row
// with its key. This needs no temporary table, so neither the privilege to create one nor writes to
// the catalog.
func (l *loader) upsertRows(ctx context.Context, rows []int32) error {
	if err := l.exec(ctx, savepointSQL); err != nil {
		return err
	}
	l.batch.array = l.batch.appendArray(l.batch.array[:0], rows)
	format := []int16{pgx.BinaryFormatCode}
	written := l.conn.ExecParams(ctx, l.table.upsertSQL, [][]byte{l.batch.array}, nil, format, format)
	known := true
	for known && written.NextRow() {
		values := written.Values()
		rows, known = l.setWritten(rows, int32(binary.BigEndian.Uint32(values[0])), values[1][0] != 0) //nolint:gosec // an INT
	}
	if _, err := written.Close(); err != nil {
		return err
	}
	if !known {
		return errUnknownRow
	}
	l.setSuperseded(rows)
	return nil
}

// setWritten sets the outcome of the record with the row number. Postgres returns rows in the order
// in which they were sent, so the records before it were not written: the table contains later
// ones. setWritten returns the rows after it, and false if there is no such record.
func (l *loader) setWritten(rows []int32, rowNumber int32, created bool) (rest []int32, known bool) {
	n := 0
	for n < len(rows) && l.batch.entries[rows[n]].row != rowNumber {
		n++
	}
	if n == len(rows) {
		return rows, false
	}
	l.setSuperseded(rows[:n])
	l.batch.outcomes[rows[n]] = operation.Created
	if !created {
		l.batch.outcomes[rows[n]] = operation.Updated
		l.conflict = true
	}
	return rows[n+1:], true
}

func (l *loader) setSuperseded(rows []int32) {
	for _, row := range rows {
		l.batch.outcomes[row] = operation.Superseded
		l.conflict = true
	}
}

// appendArray encodes rows as a one-dimensional array of the table's composite type. Each member
// follows its type's OID, in the order of the table.
func (b *Batch) appendArray(dst []byte, rows []int32) []byte {
	for _, word := range [...]uint32{1, 0, b.table.rowType, uint32(len(rows)), 1} { //nolint:gosec // thousands
		dst = binary.BigEndian.AppendUint32(dst, word)
	}
	fields := make([][]byte, len(b.table.columns)+2)
	for _, row := range rows {
		splitFields(fields, b.encoded(row))
		start := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(b.table.attributes))) //nolint:gosec // at most 1600
		for _, attribute := range b.table.attributes {
			dst = binary.BigEndian.AppendUint32(dst, attribute.typeOID)
			if attribute.field < 0 {
				dst = binary.BigEndian.AppendUint32(dst, nullLength)
			} else {
				dst = append(dst, fields[attribute.field]...)
			}
		}
		binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4)) //nolint:gosec // a record is megabytes at most
	}
	return dst
}

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
