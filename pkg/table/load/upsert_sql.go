package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// upsert is one statement that writes all rows, whether their keys exist or not, in the order of keys.
// Its first parameter is the array of rows.
type upsert struct {
	sql string // "" if there is none
	// bitmaps reports whether the next parameter has the sets of columns that rows leave out.
	bitmaps bool
	// mixed are the columns of which an existing row keeps its value for some rows only. For each, a
	// parameter has these rows, of which the statement reads the keys.
	mixed []int
	// plain reports whether the statement writes all columns of all rows.
	plain bool
}

// maxMixed limits the parameters of an upsert, which together can be as large as so many times the keys.
const maxMixed = 16

// upsertBuilder builds the upsert of rows that leave out different columns. Three things make this
// different from the upsert of whole rows:
//
//   - Postgres evaluates defaults and checks NOT NULL before it finds that a key exists. So the rows are
//     joined with the existing ones, whose numbers and values then stand in for those that are absent.
//   - A column that an existing row keeps must have the value that it has when it is locked. EXCLUDED does
//     not say what was absent, so the statement looks up the key among those of the rows that keep it.
//   - A column that every row keeps is not written.
type upsertBuilder struct {
	*loader
	upsert upsert
	joined bool
}

// buildUpsert returns the upsert; without SQL if the role cannot draw from a sequence itself, or if
// columns are mixed and triggers are sensitive to that.
func (l *loader) buildUpsert() upsert {
	b := upsertBuilder{loader: l}
	names, values := slices.Clone(l.table.written), make([]string, 0, len(l.table.written))
	for n, name := range names {
		if column := n - l.table.bookkeeping; column >= l.table.keyLength {
			values = append(values, b.value(column))
		} else {
			values = append(values, "incoming."+name)
		}
	}
	for _, standard := range l.table.undeclared {
		names, values = append(names, quote(standard.Column)), append(values, b.draw(standard))
	}
	assignments := b.assignments()
	if len(b.upsert.mixed) > maxMixed || len(b.upsert.mixed) > 0 && l.table.hasSensitiveTriggers() || !l.canDraw() {
		return upsert{}
	}
	from := "unnest($1::" + l.table.name + "[]) AS incoming" // Postgres reads the elements in their order
	if b.joined || b.upsert.bitmaps {
		from = l.table.incoming()
	}
	if b.joined {
		from += " LEFT JOIN " + l.table.name + " AS old ON " + l.table.sameKey("old", "incoming") + " ORDER BY incoming.longshore_place"
	}
	b.upsert.sql = "INSERT INTO " + l.table.name + " AS existing (" + strings.Join(names, ", ") + ") OVERRIDING SYSTEM VALUE SELECT " +
		strings.Join(values, ", ") + " FROM " + from + " ON CONFLICT (" + l.table.keyList() + ") DO UPDATE SET " + assignments +
		l.table.updateWhere() + " RETURNING " + l.table.createdSQL()
	if l.table.bookkeeping > 0 {
		b.upsert.sql += ", existing.import_row"
	}
	return b.upsert
}

// hasSensitiveTriggers reports whether triggers on UPDATE OF a column would run for rows that keep it, or
// triggers may change the key by which the rows that keep a column are found.
func (t *Table) hasSensitiveTriggers() bool { return t.access.ColumnTriggers || len(t.rowTriggers) > 0 }

// canDraw reports whether the role may draw from the sequences of columns that rows leave out.
func (l *loader) canDraw() bool {
	for i := range l.table.columns {
		if c := &l.table.columns[i]; l.omits(i) && c.standard != nil && c.standard.Sequence != nil && !c.standard.Sequence.Drawable {
			return false
		}
	}
	return !slices.ContainsFunc(l.table.undeclared, func(v table.Default) bool { return !v.Sequence.Drawable })
}

// omits reports whether a row omits the column in an INSERT.
func (l *loader) omits(column int) bool {
	return slices.ContainsFunc(l.omitted, func(set string) bool { return contains(set, column) })
}

// value returns the value that is inserted for the column.
func (b *upsertBuilder) value(column int) string {
	c := &b.table.columns[column]
	incoming := "incoming." + quote(c.name)
	instead := ""
	switch {
	case !b.batch.absences.some(column):
	case c.standard == nil && c.required: // without the cast, Postgres would not check a domain again
		instead, b.joined = "CAST(old."+quote(c.name)+" AS "+c.baseName+")", true
	case c.standard == nil || !b.omits(column):
	case c.standard.Sequence != nil:
		instead = b.draw(*c.standard)
	default:
		instead = c.standard.Expression
	}
	if instead == "" {
		return incoming
	}
	b.upsert.bitmaps = true
	return fmt.Sprintf("CASE WHEN get_bit($2::bytea, (incoming.longshore_place - 1) * %d + %d) = 1 THEN %s ELSE %s END",
		8*b.table.bitmapSize(), column, instead, incoming)
}

// draw returns the number of the existing row, or the next number of the sequence.
func (b *upsertBuilder) draw(standard table.Default) string {
	b.joined = true
	expression := standard.Expression
	if expression == "" {
		expression = "nextval(" + literal(standard.Sequence.Name) + "::regclass)"
	}
	return "COALESCE(old." + quote(standard.Column) + ", " + expression + ")"
}

// assignments returns the SET list.
func (b *upsertBuilder) assignments() string {
	var list []string
	for n, name := range b.table.written {
		column := n - b.table.bookkeeping
		if column >= 0 && column < b.table.keyLength {
			continue
		}
		switch kept, written := b.keepers(column); {
		case kept && written:
			b.upsert.mixed = append(b.upsert.mixed, column)
			list = append(list, name+" = CASE WHEN "+b.isMixed(len(b.upsert.mixed)-1)+" THEN existing."+name+" ELSE EXCLUDED."+name+" END")
		case written:
			list = append(list, name+" = EXCLUDED."+name)
		}
	}
	if len(list) == 0 { // a row that exists must be returned
		key := b.table.written[b.table.bookkeeping]
		list = append(list, key+" = EXCLUDED."+key)
	}
	return strings.Join(list, ", ")
}

// keepers reports whether there are rows for which an existing row keeps the value of the column, and
// others.
func (b *upsertBuilder) keepers(column int) (kept, written bool) {
	for _, e := range b.batch.entries {
		if column >= 0 && b.keeps(e.absent, column) {
			kept = true
		} else {
			written = true
		}
	}
	return kept, written
}

// keeps reports whether a row with the set of absent columns leaves the column of an existing row alone.
func (l *loader) keeps(set int32, column int) bool {
	if l.mode == collection.Replace {
		return contains(l.omitted[set], column) && l.table.columns[column].standard.Sequence != nil
	}
	return contains(l.batch.absences.sets[set], column)
}

// isMixed returns the condition that the row is among those of the n-th mixed column. Postgres hashes
// the keys.
func (b *upsertBuilder) isMixed(n int) string {
	parameter := 2 + n
	if b.upsert.bitmaps {
		parameter++
	}
	key := b.table.written[b.table.bookkeeping : b.table.bookkeeping+b.table.keyLength]
	return fmt.Sprintf("(EXCLUDED.%s) IN (SELECT %s FROM unnest($%d::%s[]))", strings.Join(key, ", EXCLUDED."), strings.Join(key, ", "), parameter, b.table.name)
}

// upsertParameters returns the parameters of the upsert of rows, and their formats.
func (l *loader) upsertParameters(rows []int32) (values [][]byte, formats []int16) {
	l.batch.array = l.batch.appendArray(l.batch.array[:0], rows, nil)
	values, formats = append(values, l.batch.array), append(formats, l.table.format())
	if l.ways.upsert.bitmaps {
		values, formats = append(values, l.batch.bitmaps(rows)), append(formats, pgx.BinaryFormatCode)
	}
	for _, column := range l.ways.upsert.mixed {
		kept := slices.DeleteFunc(slices.Clone(rows), func(row int32) bool { return !l.keeps(l.batch.entries[row].absent, column) })
		values, formats = append(values, l.batch.appendArray(nil, kept, l.table.readable())), append(formats, l.table.format())
	}
	return values, formats
}

// readable marks the fields of the key and those without which Postgres cannot read a row.
func (t *Table) readable() []bool {
	fields := t.keyFields()
	for _, a := range t.attributes {
		if a.field >= 0 && a.refusesNull {
			fields[a.field] = true
		}
	}
	return fields
}
