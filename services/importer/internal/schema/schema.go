// Package schema checks records against the JSON Schema (2020-12, formats asserted) of their collection.
//
// A library is the judge. In front of it stands an acceptance plan made from the compiled schema, which works on the
// bytes of a record and only ever says yes, and only where the library would. Whatever the plan does not understand or
// does not accept goes to the library, which decides and whose findings are put into words.
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
	judge *jsonschema.Schema
	plan  *recordPlan
}

// errExternal is why a schema may not refer to another document: what a record must be should be readable in one
// file, and must not depend on a network or on what else lies on the disk.
var errExternal = errors.New("a collection's schema must be complete: references to other documents are not followed")

type noLoader struct{}

func (noLoader) Load(string) (any, error) { return nil, errExternal }

// draft is the version of JSON Schema that collections are written in.
const draft = 2020

// Compile prepares the schema of c. The error says what is wrong with the collection's file.
func Compile(c *collection.Collection) (*Checker, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Schema))
	if err != nil {
		return nil, fmt.Errorf("reading the schema of collection %q: %w", c.Name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.UseLoader(noLoader{})
	address := "longshore://collections/" + c.Name
	if err := compiler.AddResource(address, document); err != nil {
		return nil, fmt.Errorf("compiling the schema of collection %q: %w", c.Name, err)
	}
	judge, err := compiler.Compile(address)
	if err != nil {
		return nil, fmt.Errorf("compiling the schema of collection %q: %w", c.Name, err)
	}
	if judge.DraftVersion != draft {
		return nil, fmt.Errorf("compiling the schema of collection %q: $schema must be https://json-schema.org/draft/2020-12/schema", c.Name)
	}
	return &Checker{judge: judge, plan: planRecord(judge, c.Properties)}, nil
}

// Check returns the reasons why a record does not conform to the schema; none if it does. The record must have been
// accepted by the package record, and values must be what that returned.
func (k *Checker) Check(raw []byte, values []jsontext.Value) []operation.Reason {
	if k.plan.accepts(values) {
		return nil
	}
	return k.Explain(raw)
}

// Explain is Check without its fast way, for a record whose values are not at hand: one that is strictly good but for members
// that the collection does not declare.
func (k *Checker) Explain(raw []byte) []operation.Reason {
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return []operation.Reason{{Code: unclassified, Message: "is not valid JSON"}}
	}
	var found *jsonschema.ValidationError
	if err := k.judge.Validate(instance); !errors.As(err, &found) {
		return nil
	}
	return explain(found)
}
