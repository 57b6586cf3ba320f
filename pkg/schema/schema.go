// Package schema checks records against the JSON Schema (2020-12 or an earlier draft from 06 on, with formats
// asserted) of their collection. Compile is also the check of a collection that is to be stored.
//
// A library validates the records. Because it is slow, acceptors built from the compiled schema run
// first, on the bytes of a record. They accept a record only if the library would accept it. A
// record that they do not accept, or whose schema they do not support, goes to the library, which
// decides and whose errors become the reasons.
package schema

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Checker checks the records of one collection. It is safe for concurrent use.
type Checker struct {
	schema   *jsonschema.Schema
	acceptor *recordAcceptor
	// constrainsUndeclared reports whether the schema has one for undeclared members.
	constrainsUndeclared bool
	// looked are the members that are required, but may be filled by a lookup.
	looked []string
}

// ConstrainsUndeclared reports whether the schema says what undeclared members must be like (additionalProperties
// with a schema), so that a record that has some is checked as a whole.
func (k *Checker) ConstrainsUndeclared() bool { return k.constrainsUndeclared }

// errExternal is the error for a reference to another document. A collection's schema must be
// readable in one file and must not depend on a network or on other files.
var errExternal = errors.New("a collection's schema must be complete: references to other documents are not followed")

type noLoader struct{}

func (noLoader) Load(string) (any, error) { return nil, errExternal }

// oldestDraft is the first version of JSON Schema in which collections may be written. In the ones before it,
// numbers such as 1.0 are no integers.
const oldestDraft = 6

// Compile compiles the schema of c for records that are written as the collection says. An error describes what is
// wrong with the collection's file.
func Compile(c *collection.Collection) (*Checker, error) { return CompileFor(c, c.Writing.Mode) }

// CompileFor is Compile for records that are written in the mode. Where rows that exist are changed, a record needs
// no members but those of the key: required does not apply. Where rows are deleted, only the key is checked.
//
// A member that a lookup fills may be absent. RequiresLooked reports whether it is required, once the lookup is done.
func CompileFor(c *collection.Collection, mode collection.WriteMode) (*Checker, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Schema))
	if err != nil {
		return nil, fmt.Errorf("reading the schema of collection %q: %w", c.Name, err)
	}
	document = adapt(document, c.Key, mode)
	document, looked := adaptToLookups(document, c)
	library := jsonschema.NewCompiler()
	library.DefaultDraft(jsonschema.Draft2020)
	library.AssertFormat()
	library.UseLoader(noLoader{})
	address := "longshore://collections/" + c.Name
	if err := library.AddResource(address, document); err != nil {
		return nil, fmt.Errorf("compiling the schema of collection %q: %w", c.Name, err)
	}
	compiled, err := library.Compile(address)
	if err != nil {
		return nil, fmt.Errorf("compiling the schema of collection %q: %w", c.Name, err)
	}
	if compiled.DraftVersion < oldestDraft {
		return nil, fmt.Errorf("compiling the schema of collection %q: $schema must be https://json-schema.org/draft/2020-12/schema,"+
			" or that of the drafts 2019-09, 07 or 06", c.Name)
	}
	_, constrains := compiled.AdditionalProperties.(*jsonschema.Schema)
	return &Checker{schema: compiled, acceptor: compileRecord(compiled, c.Properties), constrainsUndeclared: constrains, looked: looked}, nil
}

// Check returns the reasons why a record does not conform to the schema; nil if it does. Package
// record must have accepted the record and returned values for it.
func (k *Checker) Check(raw []byte, values []jsontext.Value) []operation.Reason {
	if k.acceptor.accepts(values) {
		return nil
	}
	return k.Explain(raw)
}

// Explain is Check without the acceptors. It needs no values, so it also checks a record that
// package record has rejected because of undeclared members.
func (k *Checker) Explain(raw []byte) []operation.Reason {
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return []operation.Reason{{Code: unclassified, Message: "is not valid JSON"}}
	}
	var invalid *jsonschema.ValidationError
	if err := k.schema.Validate(instance); !errors.As(err, &invalid) {
		return nil
	}
	return explain(invalid)
}
