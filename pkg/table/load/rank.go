package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/table"
)

// ranking is how Postgres ranks the keys of a batch. It is needed if a column of the key has equal values with
// different encodings: 1.0 and 1.00 are one NUMERIC, and a citext or a text of a nondeterministic collation ignores
// case. Any other key is compared by its encoding.
type ranking struct {
	sql string
	// texts reports for each column of the key whether its values are sent as text; it is empty if no ranking is
	// needed.
	texts []bool
}

// newRanking returns the ranking of the table's keys.
func (t *Table) newRanking(d *table.Definition) ranking {
	var r ranking
	var parameters, names, orders []string
	needed := false
	for i := range t.columns[:t.keyLength] {
		c := &t.columns[i]
		definition, _ := d.Find(c.name)
		needed = needed || !c.codec.key || !definition.Deterministic
		asText := c.textForm || c.elementOID != 0
		name := fmt.Sprintf("k%d", i)
		parameter := definition.BaseName
		if asText {
			parameter = "text"
		}
		parameters = append(parameters, fmt.Sprintf("$%d::%s[]", i+1, parameter))
		names = append(names, name)
		orders = append(orders, rankedValue(c, &definition, name, asText))
		r.texts = append(r.texts, asText)
	}
	if !needed {
		return ranking{}
	}
	r.sql = "SELECT place::int4, dense_rank() OVER (ORDER BY " + strings.Join(orders, ", ") + ")::int4 FROM unnest(" + strings.Join(parameters, ", ") +
		") WITH ORDINALITY AS longshore (" + strings.Join(names, ", ") + ", place)"
	return r
}

// rankedValue returns the SQL of a value of the key as the column stores and compares it.
func rankedValue(c *column, d *table.Column, name string, asText bool) string {
	switch {
	case asText && d.Type == d.Base:
		name += "::" + d.TypeName
	case asText:
		name += "::" + d.BaseName
	}
	switch {
	case c.base == pgtype.NumericOID && c.precision > 0:
		return fmt.Sprintf("round(%s, %d)", name, c.scale)
	case !d.Deterministic:
		return name + " COLLATE " + d.Collation
	case isCharacters(c.base):
		return name + ` COLLATE "C"`
	}
	return name
}

// rank sets the ranks of the batch's keys, and returns the records whose key Postgres cannot read, which have no
// rank.
func (l *loader) rank(ctx context.Context) (map[int32]*pgconn.PgError, error) {
	if l.batch.ranks = nil; len(l.table.ranking.texts) == 0 {
		return nil, nil
	}
	l.batch.ranks = make([]int32, len(l.batch.entries))
	rows := make([]int32, len(l.batch.entries))
	for i := range rows {
		rows[i] = int32(i)
	}
	unreadable := make(map[int32]*pgconn.PgError)
	if err := l.setRanks(ctx, rows); err == nil || rejectionOf(err) == nil {
		return unreadable, err
	}
	if err := l.findUnreadable(ctx, rows, unreadable); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(row int32) bool { return unreadable[row] != nil })
	return unreadable, l.setRanks(ctx, rows)
}

// findUnreadable adds the rows whose key Postgres cannot read, halving those for which it reports an error.
func (l *loader) findUnreadable(ctx context.Context, rows []int32, unreadable map[int32]*pgconn.PgError) error {
	err := l.setRanks(ctx, rows)
	rejection := rejectionOf(err)
	switch {
	case rejection == nil:
		return err
	case len(rows) == 1:
		rejection.ColumnName = l.table.readColumn()
		unreadable[rows[0]] = rejection
		return nil
	}
	half := len(rows) / 2
	return errors.Join(l.findUnreadable(ctx, rows[:half], unreadable), l.findUnreadable(ctx, rows[half:], unreadable))
}

// readColumn returns the only column of the key whose texts Postgres reads; empty if there are several.
func (t *Table) readColumn() string {
	name := ""
	for i, asText := range t.ranking.texts {
		if asText && name != "" {
			return ""
		}
		if asText {
			name = t.columns[i].name
		}
	}
	return name
}

// setRanks asks Postgres for the ranks of the keys of rows, from 1. Rows with equal keys have the same.
func (l *loader) setRanks(ctx context.Context, rows []int32) error {
	if len(rows) == 0 {
		return nil
	}
	if err := l.exec(ctx, savepointSQL); err != nil {
		return err
	}
	var values [][]byte
	var formats []int16
	for i, asText := range l.table.ranking.texts {
		field := i + l.table.bookkeeping
		if asText {
			values, formats = append(values, l.batch.fieldTexts(rows, field)), append(formats, pgx.TextFormatCode)
		} else {
			values, formats = append(values, l.batch.appendFields(nil, rows, field, l.table.columns[i].base)), append(formats, pgx.BinaryFormatCode)
		}
	}
	result := l.conn.ExecParams(ctx, l.table.ranking.sql, values, nil, formats, []int16{pgx.BinaryFormatCode})
	for result.NextRow() {
		place, rank := result.Values()[0], result.Values()[1]
		l.batch.ranks[rows[readInt(place)-1]] = int32(binary.BigEndian.Uint32(rank)) //nolint:gosec // an INT
	}
	_, err := result.Close()
	if err != nil && !isStatementError(err) {
		return err
	}
	return errors.Join(l.exec(ctx, rollbackSQL), err)
}

// fieldTexts returns the texts of one field of the rows as an array in text format.
func (b *Batch) fieldTexts(rows []int32, field int) []byte {
	fields := make([][]byte, b.table.fields())
	array := []byte{'{'}
	for i, row := range rows {
		if i > 0 {
			array = append(array, ',')
		}
		splitFields(fields, b.encoded(row))
		text, _ := b.texts.fieldText(field, fields[field]) // the key has no NULL
		array = appendQuoted(array, text)
	}
	return append(array, '}')
}
