package infer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// Proposal is a collection for a table, and why it is as it is.
type Proposal struct {
	// Name is the proposed name of the collection.
	Name string `json:"name"`
	// Collection is the content of a collection file.
	Collection json.RawMessage `json:"collection"`
	Key        Key             `json:"key"`
	// LeftOut are the columns that records can't carry.
	LeftOut []LeftOut `json:"left_out"`
	// Checks are the CHECK constraints of the table and of its domains that the schema does not repeat. Postgres checks them.
	Checks []Check `json:"checks"`
	// Lookups are what x-longshore.lookups may say, by the member. The collection does not contain them. For a collection
	// with a role there are none, because the role may not see the other tables.
	Lookups map[string]Lookup `json:"lookups,omitempty"`
}

// LeftOut is a column that is no member, and why.
type LeftOut struct {
	Column string `json:"column"`
	Why    string `json:"why"`
}

// UnfitError is returned if a table can't be imported into.
type UnfitError struct{ Reason string }

func (e *UnfitError) Error() string { return e.Reason }

// Order says what to infer.
type Order struct {
	// Table is the name of the table as SQL writes it.
	Table string
	// Name is the name of the collection; empty for one like that of the table.
	Name string
	// Key are the columns that identify a record; empty to choose them.
	Key []string
	// Role is what the collection says about the role with which its table is used; empty if nothing.
	Role string
}

// Infer proposes a collection for a table. Without a key that identifies a record it proposes one that appends records.
// It returns table.ErrNotFound if there is no such table, an *AmbiguousKeyError or a *NoKeyError if the key can't be chosen,
// and an *UnfitError if no collection fits the table.
func Infer(ctx context.Context, db table.DB, o Order) (*Proposal, error) {
	d, err := table.Read(ctx, db, o.Table)
	if err != nil {
		return nil, fmt.Errorf("reading table %s: %w", o.Table, err)
	}
	f, err := readFacts(ctx, db, d)
	if err != nil {
		return nil, err
	}
	key, err := chooseKey(d, f, o.Key)
	if err != nil {
		return nil, err
	}
	p := &Proposal{Name: o.Name, Key: key, LeftOut: []LeftOut{}}
	if p.Name == "" {
		p.Name = nameOf(d.Name)
	}
	doc := document{
		Schema: "https://json-schema.org/draft/2020-12/schema", Title: f.comment, Type: "object", Required: key.Columns,
		Longshore: options{Table: tableName(d), Key: key.Columns, Ordering: collection.OrderedByLedger, Write: collection.Merge, Role: o.Role},
	}
	if len(key.Columns) == 0 {
		doc.Longshore.Ordering, doc.Longshore.Write, doc.Longshore.Verbs = collection.Unordered, collection.Insert, []collection.Verb{collection.Import}
	}
	for _, c := range d.Columns {
		why := reasonToLeaveOut(c, f.columns[c.Name], slices.Contains(key.Columns, c.Name))
		if why != "" {
			p.LeftOut = append(p.LeftOut, LeftOut{c.Name, why})
			continue
		}
		c.Required = c.Required || slices.Contains(key.Columns, c.Name)
		doc.Properties = append(doc.Properties, member{c.Name, schemaOf(c, f.columns[c.Name])})
	}
	p.Checks = applyChecks(d, f.checks, doc.Properties)
	for i := range doc.Properties {
		doc.Properties[i].schema.allowNull()
	}
	err = p.set(ctx, db, doc)
	if errors.Is(err, load.ErrKeyOfLedger) {
		doc.Longshore.Ordering = collection.Unordered
		err = p.set(ctx, db, doc)
	}
	if err == nil && o.Role == "" {
		p.Lookups, err = proposeLookups(ctx, db, d, doc.Properties)
	}
	return p, err
}

// set sets the proposed collection, and returns an *UnfitError unless it can be imported into.
func (p *Proposal) set(ctx context.Context, db table.DB, doc document) (err error) {
	if p.Collection, err = json.Marshal(doc); err != nil {
		return fmt.Errorf("encoding a collection: %w", err)
	}
	return p.check(ctx, db)
}

// check returns an *UnfitError unless the proposed collection can be imported into.
func (p *Proposal) check(ctx context.Context, db table.DB) error {
	c, err := collection.Parse(p.Name, p.Collection)
	if err != nil {
		return &UnfitError{err.Error()}
	}
	err = load.CheckFit(ctx, db, c, c.Writing.Mode)
	if misfit, ok := err.(*load.MisfitError); ok && !errors.Is(err, load.ErrKeyOfLedger) { //nolint:errorlint // CheckFit returns it as it is
		return &UnfitError{strings.Join(misfit.Reasons(), "; ")}
	}
	return err
}

// reasonToLeaveOut returns why a column is no member; empty for a member.
func reasonToLeaveOut(c table.Column, f columnFacts, inKey bool) string {
	switch {
	case inKey:
		return ""
	case c.Generated:
		return "Postgres generates it, or computes it in a view"
	case f.identity:
		return "it is an identity column, which Postgres fills"
	case f.computed:
		return "its default, " + f.defaults + ", fills it; declare it as a property to import it"
	}
	return ""
}

var notInNames = regexp.MustCompile(`[^a-z0-9_-]+`)

// nameOf returns a name for a collection like that of a table.
func nameOf(name string) string {
	const maxName = 63
	name = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "_"), "_-")
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "t_" + name
	}
	return name[:min(len(name), maxName)]
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// tableName returns the name of the table with its schema, as SQL writes it.
func tableName(d *table.Definition) string {
	if plainName.MatchString(d.Schema) && plainName.MatchString(d.Name) {
		return d.Schema + "." + d.Name
	}
	return d.QuotedName()
}
