package load

import (
	"context"
	"encoding/binary"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A record that creates a row and leaves out a column gets the column's default. A default that is the
// same for all rows of a statement, such as a constant or now(), is evaluated once and written into the
// rows. So records that leave out different columns are still written by one COPY or upsert, in the
// order of keys. Only columns whose default differs from row to row, such as nextval(), are left out of
// the statement; they are the omitted columns.

// prepare fills in defaults, and finds out which columns each record omits.
func (l *loader) prepare(ctx context.Context) error {
	if err := l.readFillers(ctx); err != nil {
		return err
	}
	sets := l.batch.absences.sets
	l.omitted = make([]string, len(sets))
	if len(sets) == 1 || !l.mode.Creates() {
		return nil
	}
	values, err := l.evaluateDefaults(ctx)
	if err != nil {
		return err
	}
	for n, set := range sets {
		l.omitted[n] = l.omittedOf(set, values)
	}
	l.batch.fill(values)
	return nil
}

// omittedOf returns the columns of the set that have a default without a value, and those that cannot be
// NULL; "" if there are none.
func (l *loader) omittedOf(set string, values [][]byte) string {
	omitted, found := make([]byte, len(set)), false
	for i := range l.table.columns {
		if contains(set, i) && values[i] == nil && (l.table.columns[i].standard != nil || l.needsFiller(i)) {
			omitted[i/8] |= 1 << (i % 8)
			found = true
		}
	}
	if !found {
		return ""
	}
	return string(omitted)
}

// evaluateDefaults returns the encoded default of each column that a record leaves out. It is nil for a
// column without a default and for one to which Postgres itself must give it: if its evaluation
// fails, each row fails with the reason.
func (l *loader) evaluateDefaults(ctx context.Context) ([][]byte, error) {
	values := make([][]byte, len(l.table.columns))
	var columns []int
	var expressions []string
	var formats []int16
	for i := range l.table.columns {
		c := &l.table.columns[i]
		if c.standardSQL == "" || !l.batch.absences.some(i) {
			continue
		}
		columns, expressions = append(columns, i), append(expressions, c.standardSQL)
		if c.textForm {
			formats = append(formats, pgx.TextFormatCode)
		} else {
			formats = append(formats, pgx.BinaryFormatCode)
		}
	}
	if len(columns) == 0 {
		return values, nil
	}
	if err := l.exec(ctx, savepointSQL); err != nil {
		return nil, err
	}
	result := l.conn.ExecParams(ctx, "SELECT "+strings.Join(expressions, ", "), nil, nil, nil, formats).Read()
	if result.Err != nil {
		if !isStatementError(result.Err) {
			return nil, result.Err
		}
		return values, l.exec(ctx, rollbackSQL)
	}
	for n, i := range columns {
		values[i] = sized(result.Rows[0][n])
	}
	return values, l.exec(ctx, releaseSQL)
}

// sized returns a field with its length word.
func sized(value []byte) []byte {
	if value == nil {
		return binary.BigEndian.AppendUint32(nil, nullLength)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(value))), value...) //nolint:gosec // a default is small
}

// some reports whether a record leaves out the column.
func (a *absences) some(column int) bool {
	for _, set := range a.sets {
		if contains(set, column) {
			return true
		}
	}
	return false
}

// fill writes values, which are encoded fields, into the columns that records leave out. A column whose
// value is nil stays as it is.
func (b *Batch) fill(values [][]byte) {
	fields := make([][]byte, b.table.fields())
	filled := b.filled[:0]
	for i := range b.entries {
		e := &b.entries[i]
		start := len(filled)
		row := b.rows[e.start:e.end]
		if set := b.absences.sets[e.absent]; set == "" {
			filled = append(filled, row...)
		} else {
			splitFields(fields, row)
			filled = append(filled, row[:fieldsOffset]...)
			for n, field := range fields {
				if column := n - b.table.bookkeeping; column >= 0 && contains(set, column) && values[column] != nil {
					field = values[column]
				}
				filled = append(filled, field...)
			}
		}
		e.keyEnd += start - e.start
		e.start, e.end = start, len(filled)
	}
	b.rows, b.filled = filled, b.rows
}
