// Package collection reads the descriptions of the kinds of records that can be imported. A collection
// is one JSON Schema (2020-12) whose member "x-longshore" contains the target table and the key. In a folder
// it is a file, whose name without ".json" is the name of the collection and part of its URLs.
package collection

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/longshore-io/longshore/pkg/access"
)

// namePattern and tablePattern limit names: a collection is a path segment of URLs, a table is an
// identifier with an optional schema.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// Collection is a kind of records.
type Collection struct {
	Name string
	// Version is the number of the stored version; 0 if the collection is not stored. Later versions have
	// greater numbers, and no two collections have the same.
	Version int64
	// Table is the table into which records are imported, as SQL writes its name: see ParseTable.
	Table string
	// Role is the role in Postgres with which the table is read and written: a name, or
	// access.RoleOfCaller for the role of the principal that sends the request. Empty means the role of
	// the service.
	Role string
	// Verbs are what the collection is open to; empty means everything.
	Verbs []Verb
	// Ordering says which of two rows with the same key stays.
	Ordering Ordering
	// Writing says how records are written if a request says nothing. Both members are set.
	Writing Writing
	// Key are the members that identify a record, in order. Without any, each record creates a row, and rows can
	// neither be found nor read in pages: the collection takes imports only.
	Key []string
	// HideTriggerMessages reports whether the reasons of rejected records leave out the messages that
	// the table's triggers raise.
	HideTriggerMessages bool
	// Round reports whether numbers and times are rounded to what their column keeps. Otherwise a record
	// with a value that would be changed is rejected.
	Round bool
	// Schema is the content of the file, a JSON Schema.
	Schema json.RawMessage
	// Properties are the declared members in the order of the file.
	Properties []Property
	// Lookups fill members with values of other tables, in the order of the members.
	Lookups []Lookup

	digest string
}

// Digest identifies the content of the collection's file.
func (c *Collection) Digest() string { return c.digest }

// Property is a declared member of the records.
type Property struct {
	Name string
	// Types are the JSON types that the schema allows; empty means any.
	Types []string
	// Items are the JSON types of an array's items; empty means any.
	Items []string
	// Format is the format that the schema demands of strings; empty if none.
	Format string
	// Default is the JSON value of a member that a record leaves out when its row is written as a whole; nil if the
	// schema states none.
	Default json.RawMessage
}

// Allows reports whether the property may have the JSON type.
func (p Property) Allows(jsonType string) bool {
	return len(p.Types) == 0 || slices.Contains(p.Types, jsonType)
}

// Parse parses the file of the collection with the name.
func Parse(name string, file []byte) (*Collection, error) {
	file = withoutMark(file)
	var doc document
	if err := json.Unmarshal(file, &doc); err != nil {
		return nil, fmt.Errorf("collection %q: %w", name, withLine(file, err))
	}
	properties, schemaErr := readSchema(file)
	if properties == nil {
		return nil, fmt.Errorf("collection %q: %w", name, schemaErr)
	}
	sum := sha256.Sum256(file)
	c := &Collection{
		Name:       name,
		Table:      doc.Longshore.Table,
		Role:       doc.Longshore.Role,
		Verbs:      doc.Longshore.Verbs,
		Key:        doc.Longshore.Key,
		Ordering:   cmp.Or(doc.Longshore.Ordering, OrderedByColumns),
		Schema:     file,
		Properties: properties,

		Round:               doc.Longshore.Round,
		HideTriggerMessages: doc.Longshore.HideTriggerMessages,
		digest:              hex.EncodeToString(sum[:]),
	}
	writing, err := doc.writing()
	lookups, lookupsErr := doc.lookups()
	c.Writing, c.Lookups = writing, lookups
	if err := errors.Join(c.check(), err, lookupsErr, checkOptions(file), schemaErr); err != nil {
		return nil, fmt.Errorf("collection %q: %w", name, err)
	}
	if len(c.Key) == 0 {
		c.Verbs = []Verb{Import}
	}
	return c, nil
}

// withLine adds the line to an error of the JSON parser, which has an offset.
func withLine(file []byte, err error) error {
	offset := int64(-1)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	} else if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = mismatch.Offset
	}
	if offset < 0 || offset > int64(len(file)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(file[:offset], []byte("\n")), err)
}

// check returns all errors of the description.
func (c *Collection) check() error {
	var errs []error
	if !namePattern.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("the name must match %s", namePattern))
	}
	if _, err := ParseTable(c.Table); err != nil {
		errs = append(errs, fmt.Errorf("x-longshore.table: %w", err))
	}
	if c.Role != "" && !access.RolePattern.MatchString(c.Role) {
		errs = append(errs, fmt.Errorf("x-longshore.role must match %s, not %q", access.RolePattern, c.Role))
	}
	errs = append(errs, c.checkVerbs(), c.Ordering.check(), c.checkKeyless(), c.checkLookups())
	if len(c.Properties) == 0 {
		errs = append(errs, errors.New("properties must declare the members of a record"))
	}
	for i, member := range c.Key {
		if slices.Contains(c.Key[:i], member) {
			errs = append(errs, fmt.Errorf("x-longshore.key names %q twice", member))
		}
		if !c.declares(member) {
			errs = append(errs, fmt.Errorf("x-longshore.key names %q, which properties does not declare", member))
		}
	}
	_, err := c.WritingFor(Writing{})
	return errors.Join(append(errs, err)...)
}
