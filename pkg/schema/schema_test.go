package schema_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/schema"
)

func tools(tb testing.TB) *collection.Collection {
	tb.Helper()
	return collectiontest.Shipped(tb).MustGet(tb, "tools")
}

// orders returns a collection with members of every kind. Acceptors support all of them except
// "contact" and "extra".
func orders(tb testing.TB) *collection.Collection {
	tb.Helper()
	return parse(tb, "orders", `{
		"x-longshore": {"table": "orders", "key": ["number"]},
		"type": "object",
		"required": ["number", "placed_at"],
		"$defs": {"money": {"type": "number", "minimum": 0, "exclusiveMaximum": 1000000, "multipleOf": 0.01}},
		"properties": {
			"number": {"type": "integer", "minimum": 1, "maximum": 9007199254740991},
			"total": {"$ref": "#/$defs/money"},
			"discount": {"type": "number", "exclusiveMinimum": 0},
			"paid": {"type": "boolean"},
			"placed_at": {"type": "string", "format": "date-time"},
			"state": {"enum": ["new", "sent", null]},
			"currency": {"const": "EUR"},
			"code": {"type": ["string", "null"], "pattern": "^[A-Z]{3}-[0-9]+$"},
			"tags": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true, "items": {"type": "string", "maxLength": 5}},
			"address": {
				"type": "object",
				"required": ["city"],
				"additionalProperties": false,
				"properties": {
					"city": {"type": "string", "minLength": 2},
					"lines": {"type": "array", "items": {"type": "string"}},
					"zip/code": {"type": "string", "maxLength": 1}
				}
			},
			"contact": {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]},
			"extra": {
				"type": "object",
				"minProperties": 1, "maxProperties": 2,
				"propertyNames": {"maxLength": 3},
				"dependentRequired": {"a": ["b"]},
				"properties": {
					"no": false,
					"not": {"not": {"type": "string"}},
					"one": {"oneOf": [{"minimum": 1}, {"maximum": 5}]},
					"has": {"contains": {"const": 1}, "maxContains": 2},
					"two": {"contains": {"const": 1}, "minContains": 2},
					"all": {"allOf": [{"maxLength": 3}, {"pattern": "^a"}]}
				}
			}
		}
	}`)
}

func parse(tb testing.TB, name, file string) *collection.Collection {
	tb.Helper()
	c, err := collection.Parse(name, []byte(file))
	if err != nil {
		tb.Fatalf("parsing the collection: %v", err)
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

// compileWithLibrary compiles the schema with the library alone.
func compileWithLibrary(tb testing.TB, c *collection.Collection) *jsonschema.Schema {
	tb.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Schema))
	if err != nil {
		tb.Fatalf("reading the schema: %v", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("library.json", document); err != nil {
		tb.Fatalf("adding the schema: %v", err)
	}
	library, err := compiler.Compile("library.json")
	if err != nil {
		tb.Fatalf("compiling the schema: %v", err)
	}
	return library
}

// check reads and checks a record as the importer does.
func check(tb testing.TB, c *collection.Collection, raw string) []operation.Reason {
	tb.Helper()
	values, reasons := record.NewReader(c, record.DefaultLimits()).Read([]byte(raw))
	if reasons != nil {
		tb.Fatalf("Read(%s) reasons = %v, want none", raw, reasons)
	}
	return compile(tb, c).Check([]byte(raw), values)
}

// validOrder has every member that acceptors support.
const validOrder = `{"number":17,"total":19.99,"discount":0.5,"paid":true,"placed_at":"2026-01-28T12:30:00+01:00","state":"new",` +
	`"currency":"EUR","code":"ABC-12","address":{"city":"Köln","lines":["a","b"]}}`

func TestCheckAccepts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		collection *collection.Collection
		raw        string
	}{
		"tool":                    {tools(t), benchRecord},
		"smallest-tool":           {tools(t), `{"tool_id":"1","tool_name":"n","category":"c"}`},
		"length-in-characters":    {tools(t), `{"tool_id":"` + strings.Repeat("𝄞", 64) + `","tool_name":"n","category":"c"}`},
		"length-of-escapes":       {tools(t), `{"tool_id":"` + strings.Repeat(`\ud834\udd1e`, 64) + `","tool_name":"n","category":"c"}`},
		"unusual-address":         {tools(t), `{"tool_id":"1","tool_name":"n","category":"c","url":"urn:isbn:0451450523"}`},
		"address-with-escapes":    {tools(t), `{"tool_id":"1","tool_name":"n","category":"c","url":"https:\/\/example.com\/%20#x"}`},
		"order":                   {orders(t), validOrder},
		"smallest-order":          {orders(t), `{"number":1,"placed_at":"2026-02-28T23:59:60Z"}`},
		"integers-in-other-forms": {orders(t), `{"number":1.7e1,"total":1e2,"placed_at":"2024-02-29t00:00:00z"}`},
		"null-where-allowed":      {orders(t), `{"number":1,"placed_at":"2026-01-01T00:00:00Z","state":null,"code":null,"contact":null}`},
		"unsupported-keywords":    {orders(t), `{"number":1,"placed_at":"2026-01-01T00:00:00Z","contact":"a@b.cd","tags":["a","b"],"extra":{"one":7,"all":"abc"}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reasons := check(t, test.collection, test.raw); reasons != nil {
				t.Errorf("Check(%s) = %v, want no reasons", test.raw, reasons)
			}
		})
	}
}

// TestCheckDoesNotAllocate fails if a valid record of a supported schema goes to the library, which
// is many times slower and allocates.
func TestCheckDoesNotAllocate(t *testing.T) {
	for name, test := range map[string]struct {
		collection *collection.Collection
		raw        string
	}{
		"tool":  {tools(t), benchRecord},
		"order": {orders(t), validOrder},
	} {
		raw := []byte(test.raw)
		checker := compile(t, test.collection)
		values, _ := record.NewReader(test.collection, record.DefaultLimits()).Read(raw)
		if allocations := testing.AllocsPerRun(100, func() { checker.Check(raw, values) }); allocations != 0 {
			t.Errorf("Check() of a valid %s allocations = %v, want 0", name, allocations)
		}
	}
}

func TestCheckConcurrently(t *testing.T) {
	t.Parallel()
	c := orders(t)
	checker := compile(t, c)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			raw := fmt.Appendf(nil, `{"number":%d,"placed_at":"2026-01-01T00:00:00Z","tags":["much too long"]}`, i+1)
			values, _ := record.NewReader(c, record.DefaultLimits()).Read(raw)
			for range 50 {
				if reasons := checker.Check(raw, values); len(reasons) != 1 {
					t.Errorf("Check(%s) = %v, want one reason", raw, reasons)
				}
			}
		})
	}
	wg.Wait()
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ properties, want string }{
		"another-host":     {`{"id": {"$ref": "https://example.com/id.json"}}`, "references to other documents are not followed"},
		"file":             {`{"id": {"$ref": "file:///etc/passwd"}}`, "references to other documents are not followed"},
		"other-collection": {`{"id": {"$ref": "tools"}}`, "references to other documents are not followed"},
		"no-definition":    {`{"id": {"$ref": "#/$defs/id"}}`, "#/$defs/id"},
		"bad-keyword":      {`{"id": {"maxLength": "long"}}`, "maxLength"},
		"old-draft":        {`{"id": {}}, "$schema": "http://json-schema.org/draft-04/schema#"`, "2020-12"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := parse(t, "broken", `{"x-longshore": {"table": "t", "key": ["id"]}, "properties": `+test.properties+`}`)
			_, err := schema.Compile(c)
			if err == nil {
				t.Fatal("Compile() error = nil, want an error")
			}
			for _, part := range []string{`"broken"`, test.want} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Compile() error = %v, want one with %q", err, part)
				}
			}
		})
	}
}

// TestCheckOfComposedSchemas checks records whose schema has its members in other schemas, and in earlier
// drafts. Valid ones must not need the library, which is slow.
func TestCheckOfComposedSchemas(t *testing.T) {
	t.Parallel()
	const members = `{"type":"object","required":["id"],"properties":{"id":{"type":"string","minLength":2},"n":{"anyOf":[{"type":"integer"},{"type":"null"}]},"m":{"oneOf":[{"type":"null"},{"type":"string"}]}}}`
	for name, file := range map[string]string{
		"plain":     `"properties":{"id":{"minLength":2},"n":true},"required":["id"],"additionalProperties":false`,
		"reference": `"$ref":"#/$defs/row","$defs":{"row":` + members + `}`,
		"parts":     `"type":"object","properties":{"id":{"type":"string"}},"allOf":[{"$ref":"#/$defs/row"},true],"$defs":{"row":` + members + `}`,
		"draft 07":  `"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/row","definitions":{"row":` + members + `}`,
		"draft 06":  `"$schema":"http://json-schema.org/draft-06/schema#","properties":{"id":{"minLength":2},"n":{}},"required":["id"]`,
	} {
		c := parse(t, "composed", `{"x-longshore":{"table":"t","key":["id"]},`+file+`}`)
		checker, reader := compile(t, c), record.NewReader(c, record.DefaultLimits())
		for raw, want := range map[string]string{`{"id":"ab","n":1}`: "", `{"id":"ab","n":null}`: "", `{"id":"ab"}`: "", `{"id":"a"}`: "too-short", `{"n":1}`: "required"} {
			values, _ := reader.Read([]byte(raw))
			if accepted := schema.Accepts(checker, values); accepted != (want == "") {
				t.Errorf("%s: accepted without the library: %s = %v, want %v", name, raw, accepted, want == "")
			}
			var got []string
			for _, reason := range checker.Check([]byte(raw), values) {
				got = append(got, reason.Code)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: reasons of %s = %q, want %q", name, raw, got, want)
			}
		}
	}
}

// TestCheckAgreesWithLibrary checks that Check accepts a record if and only if the library does.
func TestCheckAgreesWithLibrary(t *testing.T) {
	t.Parallel()
	c := orders(t)
	library, checker, reader := compileWithLibrary(t, c), compile(t, c), record.NewReader(c, record.DefaultLimits())
	var got []string
	for _, number := range []string{"0", "1", "1.0", "1.5", "9007199254740991", "9007199254740992", "1e3", `"1"`, "null"} {
		for _, total := range []string{"0", "0.01", "0.001", "-0.01", "999999.99", "1000000", "1e2", "true"} {
			raw := fmt.Sprintf(`{"number":%s,"total":%s,"placed_at":"2026-01-01T00:00:00Z"}`, number, total)
			values, _ := reader.Read([]byte(raw))
			instance, err := jsonschema.UnmarshalJSON(strings.NewReader(raw))
			if err != nil {
				t.Fatalf("decoding %s: %v", raw, err)
			}
			if (checker.Check([]byte(raw), values) == nil) != (library.Validate(instance) == nil) {
				got = append(got, raw)
			}
		}
	}
	if diff := cmp.Diff([]string(nil), got); diff != "" {
		t.Errorf("records on which Check() and the library differ (-want +got):\n%s", diff)
	}
}
