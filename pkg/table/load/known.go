package load

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/operation"
)

// maxRounds bounds how often the conditions are evaluated for one batch. Another round is needed if
// a refused row is replaced by an earlier one with its key, or was needed by another row.
const maxRounds = 8

// refusal is the reason why a row is refused. If blocker is not negative, the row is refused only
// if the row blocker, which has the same unique values, is written. A doubtful row is refused only
// if the triggers of other rows do not change that.
type refusal struct {
	row       int32
	blocker   int32
	doubtful  bool
	rejection *pgconn.PgError
}

const noBlocker = -1

// dropKnown evaluates the table's conditions for all rows at once, refuses the rows that violate
// one, and returns the others. It writes nothing, so it needs no transaction id.
func (l *loader) dropKnown(ctx context.Context, rows []int32) ([]int32, error) {
	for range maxRounds {
		values, err := l.refusedValues(ctx, rows)
		if err != nil {
			return nil, err
		}
		rows = l.drop(rows, values)
		found, err := l.refusedRows(ctx, rows)
		if err != nil {
			return nil, err
		}
		before := len(rows)
		rows = l.drop(rows, found)
		replaced := len(rows)+len(found) > before
		if len(values) == 0 && (len(found) == 0 || !replaced && !l.table.conditions.chained) {
			break
		}
	}
	return rows, nil
}

// drop refuses the rows found and returns the others, with the row before in the place of a
// refused one with the same key.
func (l *loader) drop(rows []int32, found map[int32]refusal) []int32 {
	left := make([]int32, 0, len(rows))
	for _, row := range rows {
		refused, ok := found[row]
		switch {
		case !ok:
			left = append(left, row)
		case refused.blocker != noBlocker || refused.doubtful:
			l.blocked = append(l.blocked, refused)
		default:
			l.refuse(row, refused.rejection)
			if earlier := l.batch.previous[row]; earlier >= 0 {
				left = append(left, earlier)
			}
		}
	}
	return left
}

// refusedValues evaluates the conditions on single values, column by column.
func (l *loader) refusedValues(ctx context.Context, rows []int32) (map[int32]refusal, error) {
	found := make(map[int32]refusal)
	for i := range l.table.conditions.values {
		check := &l.table.conditions.values[i]
		l.batch.array = l.batch.appendFields(l.batch.array[:0], rows, check.field, check.elementOID)
		err := l.query(ctx, check.sql, pgx.BinaryFormatCode, func(values [][]byte) {
			row := rows[readInt(values[0])-1]
			if _, known := found[row]; !known {
				found[row] = refusal{row: row, blocker: noBlocker, rejection: &check.rejection}
			}
		})
		if err != nil && !isStatementError(err) {
			return nil, err
		}
	}
	return found, nil
}

// violation is a row of the result of row checks.
type violation struct{ check, place, group int }

// refusedRows evaluates the conditions on rows, all with one query. If that fails, because an
// expression raises an error for one of the rows, it evaluates each condition alone and ignores
// those that fail.
func (l *loader) refusedRows(ctx context.Context, rows []int32) (map[int32]refusal, error) {
	checks := l.table.conditions.rows
	if len(checks) == 0 || len(rows) == 0 {
		return nil, nil
	}
	l.batch.array = l.batch.appendArray(l.batch.array[:0], rows, l.table.conditions.needed)
	var all []string
	for _, check := range checks {
		all = append(all, check.sql)
	}
	violations, err := l.violations(ctx, strings.Join(all, " UNION ALL "))
	if err == nil || !isStatementError(err) {
		return l.choose(rows, violations), err
	}
	for _, check := range checks {
		some, err := l.violations(ctx, check.sql)
		if err != nil && !isStatementError(err) {
			return nil, err
		}
		violations = append(violations, some...)
	}
	return l.choose(rows, violations), nil
}

func (l *loader) violations(ctx context.Context, sql string) ([]violation, error) {
	var violations []violation
	err := l.query(ctx, l.table.conditions.prefix+sql, l.table.format(), func(values [][]byte) {
		violations = append(violations, violation{readInt(values[0]), readInt(values[1]), readInt(values[2])})
	})
	if err != nil {
		return nil, err
	}
	return violations, nil
}

// choose returns the first reason of each refused row. Rows are considered in the order of records: of the rows in a
// group, the first that has no other defect is written.
func (l *loader) choose(rows []int32, violations []violation) map[int32]refusal {
	slices.SortFunc(violations, func(x, y violation) int {
		return cmp.Or(cmp.Compare(l.batch.Row(int(rows[x.place-1])), l.batch.Row(int(rows[y.place-1]))), cmp.Compare(x.check, y.check))
	})
	type group struct{ check, first int }
	holders := make(map[group]int32)
	found := make(map[int32]refusal)
	for len(violations) > 0 {
		n := 1
		for n < len(violations) && violations[n].place == violations[0].place {
			n++
		}
		row := rows[violations[0].place-1]
		for _, v := range violations[:n] {
			blocker, held := int32(noBlocker), true
			if v.group > 0 {
				blocker, held = holders[group{v.check, v.group}]
			}
			if held {
				check := &l.table.conditions.rows[v.check]
				found[row] = refusal{row: row, blocker: blocker, doubtful: check.reads && l.table.conditions.doubtful, rejection: &check.rejection}
				break
			}
		}
		if _, refused := found[row]; !refused {
			for _, v := range violations[:n] {
				holders[group{v.check, v.group}] = row
			}
		}
		violations = violations[n:]
	}
	return found
}

// withBlocked returns rows and those that other rows of the batch may block, in the order of keys, but each after the one that
// blocks it, which is before it in the order of records. One by one, each is written or refused in its turn.
func (l *loader) withBlocked(rows []int32) []int32 {
	turns := make(map[int32]int32, len(l.blocked))
	for _, refused := range l.blocked {
		rows = append(rows, refused.row)
		if b := refused.blocker; b != noBlocker && l.batch.compare(b, refused.row) > 0 {
			turns[refused.row] = b
		}
	}
	turn := func(row int32) int32 {
		if later, moved := turns[row]; moved {
			return later
		}
		return row
	}
	slices.SortFunc(rows, func(x, y int32) int {
		return cmp.Or(l.batch.compare(turn(x), turn(y)), cmp.Compare(l.batch.Row(int(x)), l.batch.Row(int(y))))
	})
	return rows
}

// loadBlocked settles the rows that were refused because of another row of the batch, or although
// its triggers may have changed that. If the reason is gone, they are written.
func (l *loader) loadBlocked(ctx context.Context) error {
	var rows []int32
	var doubtful []refusal
	for _, refused := range l.blocked {
		row := refused.row
		if refused.blocker == noBlocker {
			doubtful = append(doubtful, refused)
			continue
		}
		if o := l.batch.outcomes[refused.blocker]; o == operation.Created || o == operation.Updated {
			l.refuse(row, refused.rejection)
			row = l.batch.previous[row]
		}
		if row >= 0 {
			rows = append(rows, row)
		}
	}
	left, err := l.refuseDoubtful(ctx, doubtful)
	if err != nil {
		return err
	}
	rows = append(rows, left...)
	slices.SortFunc(rows, l.batch.compare)
	return l.walk(ctx, rows)
}

// refuseDoubtful refuses the doubtful rows if Postgres would still refuse all of them. Otherwise, and
// if an earlier row can be written instead of one of them, it returns them: each may be the reason why
// another can be written.
func (l *loader) refuseDoubtful(ctx context.Context, doubtful []refusal) ([]int32, error) {
	var rows []int32
	replaced := false
	for _, refused := range doubtful {
		rows = append(rows, refused.row)
		replaced = replaced || l.batch.previous[refused.row] >= 0
	}
	found, err := l.refusedRows(ctx, rows)
	if err != nil || replaced || len(found) < len(rows) {
		return rows, err
	}
	for _, refused := range doubtful {
		l.refuse(refused.row, refused.rejection)
	}
	return nil, nil
}

// query runs a query on the batch's array, which has the format parameter, in a savepoint, which it rolls back.
func (l *loader) query(ctx context.Context, sql string, parameter int16, read func(values [][]byte)) error {
	if err := l.exec(ctx, savepointSQL); err != nil {
		return err
	}
	format := []int16{pgx.BinaryFormatCode}
	result := l.conn.ExecParams(ctx, sql, [][]byte{l.batch.array}, nil, []int16{parameter}, format)
	for result.NextRow() {
		read(result.Values())
	}
	_, err := result.Close()
	if err != nil && !isStatementError(err) {
		return err
	}
	if undo := l.exec(ctx, rollbackSQL); undo != nil {
		return undo
	}
	return err
}

// readInt decodes an INT.
func readInt(value []byte) int { return int(int32(binary.BigEndian.Uint32(value))) } //nolint:gosec // an INT

// appendFields encodes one field of the rows as an array of its type.
func (b *Batch) appendFields(dst []byte, rows []int32, field int, elementOID uint32) []byte {
	for _, word := range [...]uint32{1, 0, elementOID, uint32(len(rows)), 1} { //nolint:gosec // thousands
		dst = binary.BigEndian.AppendUint32(dst, word)
	}
	fields := make([][]byte, b.table.fields())
	for _, row := range rows {
		splitFields(fields, b.encoded(row))
		dst = append(dst, fields[field]...)
	}
	return dst
}
