// Package table reads the definition of a collection's table from the Postgres catalog. Its
// subpackages use the definition to write records (load) and to read them (scan).
//
// The packages below table know the customers' tables only; Longshore's own schema belongs to
// package store.
package table

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
)

// DB runs queries: a pool, a connection or a transaction.
type DB interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Definition is the part of a table's definition that loading and scanning depend on.
type Definition struct {
	OID    uint32
	Schema string
	Name   string
	// Kind is pg_class.relkind, "r" for an ordinary table.
	Kind string
	// View says how a view is written; nil for anything else.
	View *View
	// RowType is the OID of the table's composite type.
	RowType uint32
	// Deferrable reports whether a constraint or trigger can be deferred until commit.
	Deferrable bool
	// Columns are in the order of the table, without dropped columns.
	Columns []Column
	// UniqueIndexes are in the order of their creation, the primary key's among them.
	UniqueIndexes []Index
}

// Column is a column of the table. For a column of a domain, the base type is the type below all
// domains; for any other column it is the type itself.
type Column struct {
	Name string
	// Type and TypeName are the declared type; the name includes a limit, as in varchar(5).
	Type     uint32
	TypeName string
	// Base is the base type, BaseName its name without a limit of length or scale.
	Base     uint32
	BaseName string
	// Element is the type of an array's elements, 0 if the base type is not an array.
	Element     uint32
	ElementName string
	// Modifier is the type modifier (atttypmod) of the column or of its outermost domain with one,
	// -1 if none.
	Modifier int
	// Enum reports whether the base type is an enum.
	Enum bool
	// Labels are the labels of an enum in their order.
	Labels []string
	// Required reports whether the column or one of its domains is NOT NULL.
	Required bool
	// HasDefault reports whether an INSERT may omit the column although it is required.
	HasDefault bool
	// Generated reports whether an INSERT cannot set the column.
	Generated bool
	// Deterministic reports whether equal values of the column's collation have equal bytes.
	Deterministic bool
	// Collation is the name of the column's collation, qualified and quoted for SQL; empty if it is deterministic.
	Collation string
}

// Index is a unique index.
type Index struct {
	// Columns are the key columns in the order of the index, without included ones; an expression
	// is empty.
	Columns []string
	// Arbiter reports whether ON CONFLICT can use the index for every row and compares keys as the
	// columns' own operators do.
	Arbiter bool
	// Ordered reports whether the index is complete and sorted as ORDER BY its columns sorts.
	Ordered bool
	// Equal are the operators with which the index compares its columns, for use in SQL.
	Equal []string
}

// QuoteName returns the name of a collection's table for use in SQL: every part in quotes.
func QuoteName(name string) string {
	parts, err := collection.ParseTable(name)
	if err != nil {
		parts = []string{name} // a collection with such a name can't be loaded
	}
	return pgx.Identifier(parts).Sanitize()
}

// split returns the schema, which may be empty, and the name of a table as SQL writes it.
func split(name string) (schema, relation string) {
	parts, err := collection.ParseTable(name)
	switch {
	case err != nil: // a collection with such a name can't be loaded
		return "", name
	case len(parts) == 1:
		return "", parts[0]
	}
	return parts[0], parts[1]
}

// QuotedName returns the table's name, qualified by its schema and quoted for SQL.
func (d *Definition) QuotedName() string { return pgx.Identifier{d.Schema, d.Name}.Sanitize() }

// SameColumns reports whether x and y list the same columns in any order.
func SameColumns(x, y []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y)))
}

// Column returns the column of the property. The error says how to correct the table or the
// collection.
func (d *Definition) Column(p collection.Property) (Column, error) {
	c, ok := d.Find(p.Name)
	if !ok {
		return Column{}, fmt.Errorf("property %q has no column: add a column of that name or remove the property", p.Name)
	}
	return c, nil
}

// Find returns the column with the name; ok is false if there is none.
func (d *Definition) Find(name string) (c Column, ok bool) {
	i := slices.IndexFunc(d.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return d.Columns[i], true
}
