package schema_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/services/importer/internal/schema"
)

func tools(tb testing.TB) *collection.Collection {
	tb.Helper()
	catalog, err := collection.Load("")
	if err != nil {
		tb.Fatalf("loading the collections: %v", err)
	}
	c, ok := catalog.Get("tools")
	if !ok {
		tb.Fatal("the collection tools is not shipped")
	}
	return c
}

func compile(tb testing.TB, c *collection.Collection) *schema.Checker {
	tb.Helper()
	checker, err := schema.Compile(c)
	if err != nil {
		tb.Fatalf("compiling the schema: %v", err)
	}
	return checker
}

// compileJudge compiles the schema with the library alone.
func compileJudge(tb testing.TB, c *collection.Collection) *jsonschema.Schema {
	tb.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Schema))
	if err != nil {
		tb.Fatalf("reading the schema: %v", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("judge.json", document); err != nil {
		tb.Fatalf("adding the schema: %v", err)
	}
	judge, err := compiler.Compile("judge.json")
	if err != nil {
		tb.Fatalf("compiling the schema: %v", err)
	}
	return judge
}
