package load

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/table"
)

// Lookup finds the rows of another table that records name by a natural key. It is safe for concurrent use.
type Lookup struct {
	collection.Lookup
	definition *table.Definition
	// sql finds the rows of keys, which are arrays of the key's columns: it returns the place of a key and the value of
	// its row as JSON.
	sql string
	// asText reports for each column of the key whether its values are sent as text. reads reports whether Postgres
	// may refuse a value that was sent.
	asText []bool
	reads  bool
	// keys encodes natural keys; rows, which is nil unless rows are created, writes rows.
	keys, rows *Table
	// filled is the column that is filled.
	filled column
	// by and create are the indexes of the paths among those of the collection.
	by, create []int
}

// Lookups returns the lookups of the table's collection, in its order.
func (t *Table) Lookups() []*Lookup { return t.lookups }

// FilledBy returns the index, among the collection's properties, of the member that a lookup fills.
func (l *Lookup) FilledBy() int { return l.filled.member }

// Same reports whether a value of a record is the one that was found.
func (l *Lookup) Same(sent, found jsontext.Value) bool {
	x, wrongX := l.filled.appendField(nil, sent)
	y, wrongY := l.filled.appendField(nil, found)
	return wrongX == sound && wrongY == sound && bytes.Equal(x, y)
}

// KeyState says what a record says about the natural key of a lookup.
type KeyState int

const (
	// KeyAbsent means that no part is there.
	KeyAbsent KeyState = iota
	// KeyNull means that no part is there but null.
	KeyNull
	// KeyIncomplete means that some parts are there, and others are absent or null.
	KeyIncomplete
	// KeyComplete means that all parts are there.
	KeyComplete
)

// State returns what a record says about the natural key. sources are the values of the collection's lookup paths, in
// their order.
func (l *Lookup) State(sources []jsontext.Value) KeyState {
	given, null := 0, false
	for _, i := range l.by {
		if value := sources[i]; isNullLiteral(value) {
			null = true
		} else if value != nil {
			given++
		}
	}
	switch {
	case given == len(l.by):
		return KeyComplete
	case given > 0:
		return KeyIncomplete
	case null:
		return KeyNull
	}
	return KeyAbsent
}

// Incomplete is the reason to reject a record with an incomplete key.
func (l *Lookup) Incomplete() operation.Reason {
	return operation.Reason{
		Pointer: pointer(l.By[0].Column), Code: CodeLookupIncomplete,
		Message: "a row of " + l.Table + " is found by " + l.paths() + " together, of which some are absent or null",
	}
}

// Contradicts is the reason to reject a record whose member has another value than the one that was found.
func (l *Lookup) Contradicts() operation.Reason {
	return operation.Reason{
		Pointer: pointer(l.Member), Code: CodeLookupConflict,
		Message: "has another value than the row of " + l.Table + " that " + l.paths() + " names: send one of the two, or values that agree",
	}
}

func (l *Lookup) paths() string {
	paths := make([]string, len(l.By))
	for i, s := range l.By {
		paths[i] = s.Path
	}
	return strings.Join(paths, " and ")
}

// Locate replaces the column to which a reason points by the place of the value in the record, for which pointerOf
// returns the JSON Pointer by the index of its path.
func (l *Lookup) Locate(r operation.Reason, pointerOf func(path int) string) operation.Reason {
	for n, s := range slices.Concat(l.By, l.Create) {
		if r.Pointer == pointer(s.Column) {
			r.Pointer = pointerOf(slices.Concat(l.by, l.create)[n])
			return r
		}
	}
	return r
}

// setSQL sets the query.
func (l *Lookup) setSQL() {
	var parameters, names, conditions []string
	for i := range l.keys.columns {
		c := &l.keys.columns[i]
		definition, _ := l.definition.Find(c.name)
		asText := c.textForm || c.elementOID != 0
		l.asText = append(l.asText, asText)
		l.reads = l.reads || asText || definition.Enum
		parameter, name := definition.BaseName, fmt.Sprintf("k%d", i)
		value := "longshore." + name
		if asText { // a cast to a type with a length would cut the value
			parameter, value = "text", value+"::"+definition.BaseName
		}
		parameters = append(parameters, fmt.Sprintf("$%d::%s[]", i+1, parameter))
		names = append(names, name)
		conditions = append(conditions, "existing."+quote(c.name)+" "+c.equal+" "+value)
	}
	value := "existing." + quote(l.Value)
	l.sql = "SELECT longshore.place::int4, to_json(" + value + ")::text FROM unnest(" + strings.Join(parameters, ", ") + ") WITH ORDINALITY AS longshore (" +
		strings.Join(names, ", ") + ", place) JOIN " + l.keys.name + " AS existing ON " + strings.Join(conditions, " AND ") + " WHERE " + value + " IS NOT NULL"
}

// missingReason is the reason to reject a record whose row does not exist.
func (l *Lookup) missingReason(key []jsontext.Value) operation.Reason {
	parts := make([]string, len(key))
	for i, value := range key {
		parts[i] = l.By[i].Path + " = " + shortValue(value)
	}
	return operation.Reason{
		Pointer: pointer(l.By[0].Column), Code: CodeLookupMissing, Message: "there is no row of " + l.Table + " with " + strings.Join(parts, " and "),
	}
}

// maxShownValue limits the part of a value that a reason repeats, in bytes.
const maxShownValue = 100

func shortValue(value jsontext.Value) string {
	if len(value) <= maxShownValue {
		return string(value)
	}
	return strings.ToValidUTF8(string(value[:maxShownValue]), "") + "…"
}

// target returns a collection of the lookup's table that has the key and the columns.
func (l *Lookup) target(mode collection.WriteMode, columns ...collection.Source) *collection.Collection {
	c := &collection.Collection{
		Name: l.Member, Table: l.Table, Ordering: collection.Unordered,
		Writing: collection.Writing{Mode: mode, OnExisting: collection.SkipExisting, Unknown: collection.RejectUnknown},
	}
	for _, s := range l.By {
		c.Key = append(c.Key, s.Column)
	}
	for _, s := range slices.Concat(l.By, columns) {
		c.Properties = append(c.Properties, collection.Property{Name: s.Column})
	}
	return c
}

// columnsRead returns the columns of the other table that are read.
func (l *Lookup) columnsRead() []string {
	columns := []string{l.Value}
	for _, s := range l.By {
		columns = append(columns, s.Column)
	}
	return columns
}

// quotedTable returns the name of the other table for use in SQL.
func (l *Lookup) quotedTable() string {
	return pgx.Identifier{l.definition.Schema, l.definition.Name}.Sanitize()
}
