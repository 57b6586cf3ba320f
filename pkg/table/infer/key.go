package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/table"
)

// Key is a unique key of a table. Without any, Index and Columns are empty.
type Key struct {
	// Index is the name of the unique index.
	Index   string   `json:"index"`
	Columns []string `json:"columns"`
	// Why says why it was chosen, or what it is.
	Why string `json:"why"`
}

// AmbiguousKeyError is returned if several keys identify a record equally well.
type AmbiguousKeyError struct{ Candidates []Key }

func (e *AmbiguousKeyError) Error() string {
	names := make([]string, len(e.Candidates))
	for i, k := range e.Candidates {
		names[i] = "(" + strings.Join(k.Columns, ", ") + ")"
	}
	return "the table has several unique keys: " + strings.Join(names, ", ") + ". Say which one identifies a record: key"
}

// NoKeyError is returned if the key that is asked for cannot identify a record.
type NoKeyError struct{ Reason string }

func (e *NoKeyError) Error() string { return e.Reason }

// chooseKey returns the key that identifies a record: the wanted one; or a primary key that people know, such
// as an ISBN; or, if Postgres generates the primary key, the only other unique key of columns that are not
// NULL; or the generated primary key; or none, if the table has none of these. For a view that triggers or rules write, only
// its owner knows a key.
func chooseKey(d *table.Definition, f *facts, wanted []string) (Key, error) {
	if len(wanted) > 0 && d.View != nil && d.View.Base == 0 {
		return Key{"", wanted, "the key that you asked for; the triggers or rules of the view must keep it unique"}, nil
	}
	var natural []Key
	var primary, surrogate *Key
	for _, i := range f.indexes {
		usable := isUsable(d, i.columns)
		switch {
		case len(wanted) > 0:
			if usable && table.SameColumns(i.columns, wanted) {
				return Key{i.name, i.columns, "the key that you asked for"}, nil
			}
		case !usable:
		case i.primary && isGenerated(f, i.columns):
			surrogate = &Key{i.name, i.columns, "the primary key; Postgres generates its values, and the table has no other unique key: records must carry them"}
		case i.primary:
			primary = &Key{i.name, i.columns, "the primary key"}
		case areRequired(d, i.columns):
			natural = append(natural, Key{i.name, i.columns, "a unique key that is never NULL; Postgres generates the primary key"})
		}
	}
	switch {
	case len(wanted) > 0:
		return Key{}, &NoKeyError{fmt.Sprintf("(%s) is not exactly the columns of a unique index that is neither deferrable nor partial", strings.Join(wanted, ", "))}
	case primary != nil:
		return *primary, nil
	case len(natural) > 1:
		return Key{}, &AmbiguousKeyError{natural}
	case len(natural) == 1:
		return natural[0], nil
	case surrogate != nil:
		return *surrogate, nil
	}
	return Key{"", []string{}, noKey(d)}, nil
}

// noKey says why a proposal has no key.
func noKey(d *table.Definition) string {
	if d.View != nil && d.View.Base == 0 {
		return "only the triggers or rules of the view know its key: say which columns are the key, or append each record as a new row"
	}
	return "none: the table has no unique index, on columns that records carry and that are never NULL, by which a record could be found," +
		" so each record is appended as a new row. Add one to change rows that exist"
}

// isUsable reports whether an upsert can use a unique index on the columns, and records can carry them.
func isUsable(d *table.Definition, columns []string) bool {
	arbiter := slices.ContainsFunc(d.UniqueIndexes, func(i table.Index) bool { return i.Arbiter && table.SameColumns(i.Columns, columns) })
	return arbiter && !slices.ContainsFunc(columns, func(name string) bool {
		c, ok := d.Find(name)
		return !ok || c.Generated
	})
}

// isGenerated reports whether Postgres generates the values of the columns.
func isGenerated(f *facts, columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool { return !f.columns[name].identity && !f.columns[name].computed })
}

func areRequired(d *table.Definition, columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool {
		c, ok := d.Find(name)
		return !ok || !c.Required
	})
}
