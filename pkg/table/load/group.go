package load

import (
	"fmt"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
)

// maxGroups is how many different sets of absent members are each written by a statement of their own.
// Records with more sets are written by one statement that decides by a bitmap for each column whether
// it keeps its value. That statement names all columns, so triggers on UPDATE OF a column run too.
const maxGroups = 16

// group is a set of records that the same statement writes.
type group struct {
	// absent are the columns that the records leave out, omitted those that an INSERT must not name
	// because their default differs from row to row.
	absent, omitted string
	// dynamic reports whether the bitmap of each record, and not absent, decides which columns it leaves out.
	dynamic bool
}

// groups returns the groups of the rows, and the index of the group of each row.
func (l *loader) groups(rows []int32) ([]group, []int) {
	groups, of := l.groupBy(rows, func(set int32) group {
		g := group{omitted: l.omitted[set]}
		if keepsAbsent(l.mode) && l.mode != collection.Delete {
			g.absent = l.batch.absences.sets[set]
		}
		return g
	})
	if len(groups) <= maxGroups || !keepsAbsent(l.mode) {
		return groups, of
	}
	return l.groupBy(rows, func(set int32) group { return group{omitted: l.omitted[set], dynamic: true} })
}

func (l *loader) groupBy(rows []int32, groupOf func(set int32) group) (groups []group, of []int) {
	numbers := make(map[group]int)
	of = make([]int, len(rows))
	for i, row := range rows {
		g := groupOf(l.batch.entries[row].absent)
		n, known := numbers[g]
		if !known {
			n = len(groups)
			numbers[g], groups = n, append(groups, g)
		}
		of[i] = n
	}
	return groups, of
}

// bitmaps returns the sets of columns that rows leave out, one after the other.
func (b *Batch) bitmaps(rows []int32) []byte {
	var all []byte
	for _, row := range rows {
		set := b.absences.sets[b.entries[row].absent]
		if set == "" {
			all = append(all, make([]byte, b.table.bitmapSize())...)
		}
		all = append(all, set...)
	}
	return all
}

// bitmapSize returns the size of the bitmap of a set of columns in bytes.
func (t *Table) bitmapSize() int { return (len(t.columns) + 7) / 8 }

// statements builds the statements that write a group. The rows of source have the new values. In a
// dynamic group, bits is the SQL of the bitmaps, and place that of the row's number from 0.
type statements struct {
	table       *Table
	mode        collection.WriteMode
	group       group
	source      string
	bits, place string
}

// isAbsent returns the condition that the record of a dynamic group leaves out the column.
func (s *statements) isAbsent(column int) string {
	return fmt.Sprintf("get_bit(%s, %s * %d + %d) = 1", s.bits, s.place, 8*s.table.bitmapSize(), column)
}

// assignments returns the SET list of an update by the row source. An absent member of a replaced row
// gets its default, except that a number from a sequence is kept.
func (s *statements) assignments(source string) string {
	var list []string
	for _, name := range s.table.written[:s.table.bookkeeping] {
		list = append(list, name+" = "+source+"."+name)
	}
	for i := s.table.keyLength; i < len(s.table.columns); i++ {
		c := &s.table.columns[i]
		name := quote(c.name)
		switch {
		case s.group.dynamic:
			list = append(list, fmt.Sprintf("%[1]s = CASE WHEN %[2]s THEN existing.%[1]s ELSE %[3]s.%[1]s END", name, s.isAbsent(i), source))
		case contains(s.group.absent, i), contains(s.group.omitted, i) && c.standard.Sequence != nil:
		case contains(s.group.omitted, i) && s.table.kinds.isView: // which has not the defaults of its table
			list = append(list, name+" = "+c.standard.Expression)
		case contains(s.group.omitted, i):
			list = append(list, name+" = DEFAULT")
		default:
			list = append(list, name+" = "+source+"."+name)
		}
	}
	if len(list) == 0 { // the row must be returned
		list = append(list, fmt.Sprintf("%[1]s = %[2]s.%[1]s", quote(s.table.columns[0].name), source))
	}
	return strings.Join(list, ", ")
}

// matches returns the condition that the existing row has the key of the row source, and is older.
func (s *statements) matches() string {
	condition := s.table.sameKey("existing", s.source)
	if s.table.bookkeeping > 0 {
		condition += " AND (" + olderThan(s.source) + ")"
	}
	return condition
}

// change returns the UPDATE or DELETE without its rows and its condition.
func (s *statements) change() (head, rows string) {
	if s.mode == collection.Delete {
		return "DELETE FROM " + s.table.name + " AS existing", " USING "
	}
	return "UPDATE " + s.table.name + " AS existing SET " + s.assignments(s.source), " FROM "
}

// insert returns the INSERT of one row. Without ON CONFLICT it returns nothing.
func (s *statements) insert() string {
	names, values := s.table.insertedColumns(s.group.omitted), []string(nil)
	for _, name := range names {
		values = append(values, s.source+"."+name)
	}
	sql := "INSERT INTO " + s.table.name + " AS existing (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
	if !s.table.kinds.upserts || s.table.keyLength == 0 {
		return sql
	}
	sql += " ON CONFLICT (" + s.table.keyList() + ") DO "
	if s.mode == collection.Insert {
		return sql + "NOTHING RETURNING true"
	}
	return sql + "UPDATE SET " + s.assignments("EXCLUDED") + s.table.updateWhere() + " RETURNING " + s.table.createdSQL()
}

// insertedColumns returns the written columns, quoted, without those in omitted.
func (t *Table) insertedColumns(omitted string) []string {
	if omitted == "" {
		return t.written
	}
	var names []string
	for n, name := range t.written {
		if n < t.bookkeeping || !contains(omitted, n-t.bookkeeping) {
			names = append(names, name)
		}
	}
	return names
}

// keyList returns the columns of the key, quoted.
func (t *Table) keyList() string {
	return strings.Join(t.written[t.bookkeeping:t.bookkeeping+t.keyLength], ", ")
}

// olderThan returns the SQL condition that the row existing is superseded by the incoming one.
func olderThan(incoming string) string {
	return "existing.import_number IS NULL OR existing.import_row IS NULL OR (existing.import_number, existing.import_row) < (" +
		incoming + ".import_number, " + incoming + ".import_row)"
}
