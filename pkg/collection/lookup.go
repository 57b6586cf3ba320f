package collection

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Lookup fills a member of a record with a value of another table's row, which the record names by a natural key:
// customer.email fills customer_id.
type Lookup struct {
	// Member is the member that is filled.
	Member string
	// Table is the other table, as SQL writes its name: see ParseTable.
	Table string
	// By are the parts of the natural key. Their columns have a unique index.
	By []Source
	// Value is the column whose value the member gets; empty for the one to which the foreign key of the member's column
	// refers.
	Value string
	// Missing says what happens to a record whose row does not exist.
	Missing Missing
	// Create are further columns of a row that is created.
	Create []Source
}

// Source is a value of a record that belongs to a column of another table.
type Source struct {
	// Path is the place of the value: names of members, one in the other, with dots between them. A member that has the
	// whole path as its name is the same.
	Path string
	// Column is the name of the column.
	Column string
}

// Missing says what happens to a record whose lookup finds no row.
type Missing string

const (
	// RejectMissing rejects the record.
	RejectMissing Missing = "reject"
	// NullMissing fills the member with null.
	NullMissing Missing = "null"
	// CreateMissing creates the row.
	CreateMissing Missing = "create"
)

// Tokens returns the names of a path, outermost first.
func (s Source) Tokens() []string { return strings.Split(s.Path, ".") }

// LookupPaths returns the paths of all lookups, each once, in alphabetical order.
func (c *Collection) LookupPaths() []string {
	var paths []string
	for _, l := range c.Lookups {
		for _, s := range slices.Concat(l.By, l.Create) {
			paths = append(paths, s.Path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// lookupDocument is a lookup in a collection's file.
type lookupDocument struct {
	Table   string            `json:"table"`
	By      map[string]string `json:"by"`
	Value   string            `json:"value"`
	Missing Missing           `json:"missing"`
	Create  map[string]string `json:"create"`
}

// lookups returns the lookups of a collection's file in the order of their members.
func (d *document) lookups() (all []Lookup, err error) {
	var errs []error
	for _, member := range sortedNames(d.Longshore.Lookups) {
		var one lookupDocument
		decoder := json.NewDecoder(bytes.NewReader(d.Longshore.Lookups[member]))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&one); err != nil {
			errs = append(errs, fmt.Errorf("x-longshore.lookups.%s must be an object of table, by, value, missing and create: %w", member, err))
			continue
		}
		all = append(all, Lookup{
			Member: member, Table: one.Table, By: sourcesOf(one.By), Value: one.Value,
			Missing: cmp.Or(one.Missing, RejectMissing), Create: sourcesOf(one.Create),
		})
	}
	return all, errors.Join(errs...)
}

func sourcesOf(columns map[string]string) (sources []Source) {
	for _, path := range sortedNames(columns) {
		sources = append(sources, Source{path, columns[path]})
	}
	return sources
}

// checkLookups returns all errors of the lookups.
func (c *Collection) checkLookups() error {
	var errs []error
	for _, l := range c.Lookups {
		for _, err := range slices.Concat(c.checkLookup(l), l.checkSources(), c.checkPaths(l)) {
			errs = append(errs, fmt.Errorf("x-longshore.lookups.%s: %w", l.Member, err))
		}
	}
	paths := c.LookupPaths()
	for i, path := range paths {
		for _, other := range paths[i+1:] {
			if strings.HasPrefix(other, path+".") {
				errs = append(errs, fmt.Errorf("x-longshore.lookups has the paths %q and %q: a member cannot be a value and an object", path, other))
			}
		}
	}
	return errors.Join(errs...)
}

// checkLookup checks the member that is filled, and what happens without a row.
func (c *Collection) checkLookup(l Lookup) (errs []error) {
	i := slices.IndexFunc(c.Properties, func(p Property) bool { return p.Name == l.Member })
	if i < 0 {
		errs = append(errs, errors.New("properties does not declare the member: declare it as the column that is filled"))
	}
	if _, err := ParseTable(l.Table); err != nil {
		errs = append(errs, fmt.Errorf("table: %w", err))
	}
	switch l.Missing {
	case RejectMissing, CreateMissing:
	case NullMissing:
		if slices.Contains(c.Key, l.Member) {
			errs = append(errs, errors.New(`missing cannot be "null", because the member belongs to the key: write "reject" or "create"`))
		} else if i >= 0 && !c.Properties[i].Allows("null") {
			errs = append(errs, errors.New(`missing is "null", which the schema of the member does not allow: add "null" to its type`))
		}
	default:
		errs = append(errs, fmt.Errorf("missing must be reject, null or create, not %q", string(l.Missing)))
	}
	if len(l.Create) > 0 && l.Missing != CreateMissing {
		errs = append(errs, errors.New(`create needs "missing": "create", without which no row is created`))
	}
	return errs
}

// checkSources checks the columns and paths of the other table's row.
func (l Lookup) checkSources() (errs []error) {
	if len(l.By) == 0 {
		errs = append(errs, errors.New(`by must name the natural key, such as {"customer.email": "email"}`))
	}
	var columns []string
	for _, s := range slices.Concat(l.By, l.Create) {
		switch {
		case s.Column == "" || len(s.Column) > maxIdentifier:
			errs = append(errs, fmt.Errorf("the path %q needs the name of a column", s.Path))
		case slices.Contains(columns, s.Column):
			errs = append(errs, fmt.Errorf("the column %q gets two values", s.Column))
		}
		columns = append(columns, s.Column)
		if slices.Contains(s.Tokens(), "") {
			errs = append(errs, fmt.Errorf("the path %q is not one of names with dots between them", s.Path))
		}
	}
	return errs
}

// checkPaths refuses paths that lead to a member that a lookup fills: what the record itself says there is something else.
func (c *Collection) checkPaths(l Lookup) (errs []error) {
	for _, s := range slices.Concat(l.By, l.Create) {
		for _, other := range c.Lookups {
			if s.Path == other.Member || s.Tokens()[0] == other.Member {
				errs = append(errs, fmt.Errorf("the path %q leads to the member %q, which a lookup fills: name another one", s.Path, other.Member))
			}
		}
	}
	return errs
}
