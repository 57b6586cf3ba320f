package load

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// errLostCount is a row that Postgres returned and nobody sent: a trigger has changed its row number.
var errLostCount = errors.New("a row was returned that was not sent: a trigger of the table changes " + importRowColumn)

// upsertRows sends rows as one array of the table's composite type and lets each replace an older row of its key. That needs
// no temporary table, and so neither the right to make one nor work on the catalog.
func (l *loader) upsertRows(ctx context.Context, rows []int32) error {
	if err := l.exec(ctx, savepointSQL); err != nil {
		return err
	}
	l.batch.array = l.batch.appendArray(l.batch.array[:0], rows)
	format := []int16{pgx.BinaryFormatCode}
	written := l.conn.ExecParams(ctx, l.table.upsertSQL, [][]byte{l.batch.array}, nil, format, format)
	var lost bool
	for written.NextRow() {
		values := written.Values()
		rows, lost = l.returned(rows, int32(binary.BigEndian.Uint32(values[0])), values[1][0] != 0) //nolint:gosec // an INT
		if lost {
			break
		}
	}
	if _, err := written.Close(); err != nil {
		return err
	}
	if lost {
		return errLostCount
	}
	l.supersede(rows)
	return nil
}

// returned notes that the record with the row number was written. Rows are returned in the order in which they are
// written, which is that of rows: those before it were not, as the table holds later ones. It returns the rows after it.
func (l *loader) returned(rows []int32, rowNumber int32, created bool) (rest []int32, lost bool) {
	n := 0
	for n < len(rows) && l.batch.entries[rows[n]].row != rowNumber {
		n++
	}
	if n == len(rows) {
		return rows, true
	}
	l.supersede(rows[:n])
	l.batch.outcomes[rows[n]] = operation.Created
	if !created {
		l.batch.outcomes[rows[n]] = operation.Updated
		l.met = true
	}
	return rows[n+1:], false
}

func (l *loader) supersede(rows []int32) {
	for _, row := range rows {
		l.batch.outcomes[row] = operation.Superseded
		l.met = true
	}
}

// appendArray encodes rows as a one-dimensional array of the table's composite type, whose members have their types'
// OIDs beside them and stand in the table's order.
func (b *Batch) appendArray(dst []byte, rows []int32) []byte {
	for _, word := range [...]uint32{1, 0, b.table.rowType, uint32(len(rows)), 1} { //nolint:gosec // thousands
		dst = binary.BigEndian.AppendUint32(dst, word)
	}
	fields := make([][]byte, len(b.table.columns)+2)
	for _, row := range rows {
		split(fields, b.encoded(row))
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

// split cuts an encoded row into its fields with their length words.
func split(fields [][]byte, row []byte) {
	rest := row[2:]
	for i := range fields {
		size := 4
		if word := binary.BigEndian.Uint32(rest); word != nullLength {
			size += int(word)
		}
		fields[i], rest = rest[:size], rest[size:]
	}
}
