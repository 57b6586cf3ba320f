package load

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// loadUnevaluated is load for rows that are not written as they are sent, so that no query finds those
// that a constraint refuses. If Postgres refuses a row, they are written in parts.
func (l *loader) loadUnevaluated(ctx context.Context, _, dense bool) error {
	rows := l.batch.winners
	if dense {
		l.sharesUnique = len(l.table.conditions.secondary) > 0 // which nothing has shown yet
		return l.loadParts(ctx, rows, len(rows))
	}
	if refused, err := l.write(ctx, rows); err != nil || !refused {
		return err
	}
	return l.loadParts(ctx, rows, max(minPart, len(rows)/maxParts))
}

// change writes rows in the modes and tables for which an upsert is not enough. If all keys must or do
// exist, it changes the rows at once; otherwise it writes row by row.
func (l *loader) change(ctx context.Context, rows []int32) (refused bool, err error) {
	if l.ways.atOnce {
		done, refused, err := l.changeAtOnce(ctx, rows)
		if done || refused || err != nil {
			return refused, err
		}
	}
	return false, l.walk(ctx, rows)
}

// changeAtOnce locks the existing rows in the order of keys, as every writer does, and changes them
// with one statement for each group. It writes nothing if a row does not exist and must be created,
// because then it would lock that key too late.
func (l *loader) changeAtOnce(ctx context.Context, rows []int32) (done, refused bool, err error) {
	if err := l.exec(ctx, savepointSQL); err != nil {
		return false, false, err
	}
	existing, missing, err := l.lock(ctx, rows)
	if err == nil && len(missing) > 0 && l.mode.Creates() {
		return false, false, l.exec(ctx, rollbackSQL)
	}
	if err == nil {
		err = l.changeGroups(ctx, existing)
	}
	switch {
	case err == nil:
	case rejectionOf(err) != nil:
		return false, true, l.exec(ctx, rollbackSQL)
	default:
		return false, false, err
	}
	for _, row := range missing {
		l.settleMissing(row)
	}
	if err := l.settleUnreturned(ctx); err != nil {
		return false, false, err
	}
	l.conflict = true
	return true, false, l.exec(ctx, releaseSQL)
}

// lock locks the existing rows of the table with the keys of rows, in their order.
func (l *loader) lock(ctx context.Context, rows []int32) (existing, missing []int32, err error) {
	strength := "NO KEY UPDATE"
	if l.mode == collection.Delete {
		strength = "UPDATE"
	}
	sql := "SELECT incoming.longshore_place::int4 FROM " + l.table.incoming() + " JOIN " + l.table.name + " AS existing ON " +
		l.table.sameKey("existing", "incoming") + " ORDER BY incoming.longshore_place FOR " + strength + " OF existing"
	found, err := l.places(ctx, sql, rows, l.table.keyFields())
	if err != nil {
		return nil, nil, err
	}
	for i, row := range rows {
		if found[i] {
			existing = append(existing, row)
		} else {
			missing = append(missing, row)
		}
	}
	return existing, missing, nil
}

// drawsNumbers reports whether a COPY draws numbers from sequences, or evaluates other volatile defaults, which it
// must not do for rows that exist already.
func (l *loader) drawsNumbers() bool { return len(l.table.undeclared) > 0 || l.ways.copyOmits != "" }

// anyExists reports whether the key of any row exists in the table.
func (l *loader) anyExists(ctx context.Context) (bool, error) {
	sql := "SELECT incoming.longshore_place::int4 FROM " + l.table.incoming() + " JOIN " + l.table.name + " AS existing ON " +
		l.table.sameKey("existing", "incoming") + " LIMIT 1"
	found, err := l.places(ctx, sql, l.batch.winners, l.table.keyFields())
	return slices.Contains(found, true), err
}

// changeGroups changes rows that are locked. A row that is not returned is superseded, or a trigger has
// dropped it.
func (l *loader) changeGroups(ctx context.Context, rows []int32) error {
	l.unreturned = l.unreturned[:0]
	groups, of := l.groups(rows)
	for n, g := range groups {
		var members []int32
		for i, row := range rows {
			if of[i] == n {
				members = append(members, row)
			}
		}
		changed, err := l.places(ctx, l.changeSQL(g), members, nil, l.bitmapsOf(g, members)...)
		if err != nil {
			return err
		}
		for i, row := range members {
			if changed[i] {
				l.batch.outcomes[row] = operation.Updated
			} else {
				l.unreturned = append(l.unreturned, row)
			}
		}
	}
	return nil
}

// changeSQL returns the statement that changes the rows of a group and returns their places.
func (l *loader) changeSQL(g group) string {
	s := statements{table: l.table, mode: l.mode, group: g, source: "incoming", bits: "$2::bytea", place: "(incoming.longshore_place - 1)"}
	head, rows := s.change()
	return head + rows + l.table.incoming() + " WHERE " + s.matches() + " RETURNING incoming.longshore_place::int4"
}

// bitmapsOf returns the parameter with the bitmaps of the rows, if the group's statement has it.
func (l *loader) bitmapsOf(g group, rows []int32) [][]byte {
	if !g.dynamic {
		return nil
	}
	return [][]byte{l.batch.bitmaps(rows)}
}

// incoming returns the source of the rows of the array $1, with their place from 1.
func (t *Table) incoming() string {
	names := make([]string, len(t.attributes), len(t.attributes)+1)
	for i, a := range t.attributes {
		names[i] = quote(a.name)
	}
	return fmt.Sprintf("unnest($1::%s[]) WITH ORDINALITY AS incoming (%s)", t.name, strings.Join(append(names, "longshore_place"), ", "))
}

// keyFields marks the fields of an encoded row that belong to the key.
func (t *Table) keyFields() []bool {
	fields := make([]bool, t.fields())
	for i := range t.keyLength {
		fields[t.bookkeeping+i] = true
	}
	return fields
}

// places runs a statement on rows, of which it sends the needed fields, and reports of each row whether
// its place was returned. parameters follow the rows, in binary format.
func (l *loader) places(ctx context.Context, sql string, rows []int32, needed []bool, parameters ...[]byte) ([]bool, error) {
	l.batch.array = l.batch.appendArray(l.batch.array[:0], rows, needed)
	values, formats := [][]byte{l.batch.array}, []int16{l.table.format()}
	for _, parameter := range parameters {
		values, formats = append(values, parameter), append(formats, pgx.BinaryFormatCode)
	}
	found := make([]bool, len(rows))
	result := l.conn.ExecParams(ctx, sql, values, nil, formats, []int16{pgx.BinaryFormatCode})
	for result.NextRow() {
		found[readInt(result.Values()[0])-1] = true
	}
	_, err := result.Close()
	return found, err
}
