package infer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/table"
)

// Key is a unique key of a table.
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

// NoKeyError is returned if no unique key of a table can identify a record.
type NoKeyError struct{ Reason string }

func (e *NoKeyError) Error() string { return e.Reason }

// chooseKey returns the key that identifies a record: the wanted one; or a primary key that people know, such
// as an ISBN; or, if Postgres generates the primary key, the only other unique key of columns that are not
// NULL; or the generated primary key.
func chooseKey(d *table.Definition, f *facts, wanted []string) (Key, error) {
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
	return Key{}, &NoKeyError{"the table has no primary key and no unique index on columns that are never NULL, by which a record could be found: add one"}
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
