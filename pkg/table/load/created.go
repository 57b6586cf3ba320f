package load

import "github.com/longshore-io/longshore/pkg/table"

// An upsert returns of each row whether it was created. Of an ordinary table the system column xmax says
// so, which is 0 in a row that no transaction has locked or replaced. Postgres does not return system columns of
// partitioned tables, and views have none. There the upsert notes in a setting, which ends with the
// transaction, that it found a row, and reads the note where it returns the row. It does one after the other
// for each row, so this is exact whatever other transactions do. A query for the existing keys before
// the upsert would miss those that another transaction commits meanwhile.
const (
	noteSetting  = "'longshore.updated'"
	clearNoteSQL = "set_config(" + noteSetting + ", '', true)"
)

// kinds says what Postgres can do with the table.
type kinds struct {
	// upserts reports whether INSERT can have ON CONFLICT. It cannot if the table has rules, or if INSTEAD OF triggers
	// or rules decide what is written to a view; and a filtered view would change rows that it does not show.
	upserts bool
	// returns reports whether statements can return the rows that they write, which rules do not allow in general.
	returns bool
	// copies reports whether COPY writes to the table.
	copies bool
	// locks reports whether rows can be locked.
	locks bool
	// hasXmax reports whether a statement returns the system columns of the rows that it writes.
	hasXmax             bool
	isView, partitioned bool
	// lock is the number of the lock under which the table is written without ON CONFLICT.
	lock uint32
}

func newKinds(d *table.Definition, a *table.Access) kinds {
	automatic := d.View == nil || d.View.Base != 0
	free := len(a.Rules) == 0
	return kinds{
		upserts:     automatic && free && (d.View == nil || !d.View.Filtered),
		returns:     free,
		copies:      d.View == nil && free,
		locks:       automatic && free,
		hasXmax:     d.Kind == "r",
		isView:      d.View != nil,
		partitioned: d.Kind == "p",
		lock:        d.Base(),
	}
}

// createdSQL returns the SQL of what an upsert returns: whether the row was created.
func (t *Table) createdSQL() string {
	if t.kinds.hasXmax {
		return "existing.xmax = 0"
	}
	noted := "'1'"
	if t.bookkeeping > 0 {
		noted = "existing.import_row::text"
	}
	return "CASE WHEN current_setting(" + noteSetting + ", true) = " + noted + " THEN " + clearNoteSQL + " IS NULL ELSE true END"
}

// updateWhere returns the end of an upsert, by which it changes only rows that the incoming one supersedes. The note
// names the incoming row if it can, because a trigger may drop the row, and the note stays.
func (t *Table) updateWhere() string {
	older, note := "true", "'1'"
	if t.bookkeeping > 0 {
		older, note = olderThan("EXCLUDED"), "EXCLUDED.import_row::text"
	}
	switch {
	case !t.kinds.hasXmax:
		return " WHERE CASE WHEN " + older + " THEN set_config(" + noteSetting + ", " + note + ", true) IS NOT NULL ELSE false END"
	case t.bookkeeping > 0:
		return " WHERE " + older
	}
	return ""
}

// clearNotes returns a statement to run before an upsert, or nothing. An earlier one in the transaction may have left a note.
func (t *Table) clearNotes() string {
	if t.kinds.hasXmax {
		return ""
	}
	return "SELECT " + clearNoteSQL
}

// clearNote returns the PL/pgSQL that clears the note before a row is written alone.
func (t *Table) clearNote() string {
	if t.kinds.hasXmax {
		return ""
	}
	return "PERFORM " + clearNoteSQL + ";"
}
