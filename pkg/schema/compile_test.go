package schema

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// compileSchema compiles a schema as Compile does.
func compileSchema(document any) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource("drawn.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("drawn.json")
}

// TestAcceptorAgreesWithLibrary draws schemas, also with keywords that acceptors do not support,
// and values. It checks that acceptors accept only values that the library accepts.
func TestAcceptorAgreesWithLibrary(t *testing.T) {
	t.Parallel()
	var accepted, left int
	rapid.Check(t, func(t *rapid.T) {
		document := drawSchema(t, 2)
		schema, err := compileSchema(document)
		if err != nil {
			t.Fatalf("compiling %v: %v", document, err)
		}
		acceptor := compiler{}.value(schema)
		for range 20 {
			value := drawValue(t, 3)
			instance, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(value)))
			if err != nil {
				t.Fatalf("decoding %s: %v", value, err)
			}
			err = schema.Validate(instance)
			switch {
			case acceptor.accepts([]byte(value)) && err != nil:
				text, _ := json.Marshal(document)
				t.Fatalf("accepts(%s) with the schema %s = true, want false: %v", value, text, err)
			case acceptor.accepts([]byte(value)):
				accepted++
			case err == nil:
				left++
			}
		}
	})
	if accepted < left/4 {
		t.Errorf("values accepted = %d, left to the library = %d, want at least a quarter of them accepted", accepted, left)
	}
}

type drawn = map[string]any

// keyword draws one keyword with its value. Supported keywords are first.
func keyword(t *rapid.T, depth int) (string, any) {
	small := rapid.IntRange(0, 4)
	inner := func() any { return drawSchema(t, depth-1) }
	name := rapid.SampledFrom([]string{
		"type", "types", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum",
		"exclusiveMaximum", "multipleOf", "enum", "const", "pattern", "format", "items", "properties", "required",
		"additionalProperties", "allOf", "uniqueItems", "not", "anyOf", "minProperties", "dependentRequired",
		"propertyNames", "contains", "prefixItems", "if", "patternProperties", "unevaluatedProperties", "oneOf",
	}).Draw(t, "keyword")
	switch name {
	case "type":
		return name, rapid.SampledFrom(typeList).Draw(t, "type")
	case "types":
		return "type", []any{rapid.SampledFrom(typeList[:3]).Draw(t, "type"), rapid.SampledFrom(typeList[3:]).Draw(t, "type")}
	case "minLength", "maxLength", "minItems", "maxItems", "minProperties":
		return name, json.Number(rapid.SampledFrom([]string{"0", "1", "2", "3", "5"}).Draw(t, name))
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return name, json.Number(rapid.SampledFrom(numbers).Draw(t, name))
	case "multipleOf":
		return name, json.Number(rapid.SampledFrom([]string{"1", "2", "0.5", "0.01", "3", "1e30"}).Draw(t, name))
	case "enum":
		return name, []any{"a", "bb", nil, json.Number("1"), true}[small.Draw(t, "from"):]
	case "const":
		return name, rapid.SampledFrom([]any{"a", "ä", nil, json.Number("1"), false}).Draw(t, name)
	case "pattern":
		return name, rapid.SampledFrom([]string{"^a", "b$", "^[^\"]*$", "ä", "^.{2,3}$"}).Draw(t, name)
	case "format":
		return name, rapid.SampledFrom([]string{"uri", "date", "date-time", "email", "uuid", "no-such-format"}).Draw(t, name)
	case "uniqueItems":
		return name, true
	case "required":
		return name, []any{"a"}
	case "dependentRequired":
		return name, drawn{"a": []any{"b"}}
	case "properties", "patternProperties":
		return name, drawn{"a": inner(), "b": inner()}
	case "prefixItems", "anyOf", "oneOf", "allOf":
		return name, []any{inner(), inner()}
	default:
		return name, inner()
	}
}

var typeList = []any{"string", "object", "array", "integer", "number", "boolean", "null"}

func drawSchema(t *rapid.T, depth int) any {
	if depth == 0 {
		return rapid.SampledFrom([]any{true, false, drawn{}, drawn{"type": "string"}, drawn{"maxLength": json.Number("2")}, drawn{"minimum": json.Number("1")}}).Draw(t, "leaf")
	}
	schema := drawn{}
	for range rapid.IntRange(1, 4).Draw(t, "keywords") {
		name, value := keyword(t, depth)
		schema[name] = value
	}
	return schema
}

var (
	numbers = []string{
		"0", "1", "2", "-1", "3.5", "0.5", "0.01", "-0.0", "1.0", "10", "999999999999999999", "9223372036854775808",
		"0.000000000000000001", "1e3", "-2.50", "1E400", "123456789.123456789",
	}
	texts = []string{
		`""`, `"a"`, `"bb"`, `"ä"`, `"\u0061"`, `"\ud83d\ude00"`, `"a\"b"`, `"\\"`, `"漢字"`, `"aaaaaa"`, `"\\\""`, `"a,b]}"`,
		`"https://example.com/a?b=c"`, `"http://[::1"`, `"2026-02-28"`, `"2026-02-30"`, `"2026-01-31T12:30:00Z"`,
		`"2026-01-28T12:30:00.5+01:00"`, `"2026-01-28T24:30:00Z"`, `"a@b.c"`, `"123e4567-e89b-12d3-a456-426614174000"`,
	}
)

func drawValue(t *rapid.T, depth int) string {
	kinds := 3
	if depth > 0 {
		kinds = 5
	}
	space := rapid.SampledFrom([]string{"", "", " ", "\n\t"})
	list := func(item func() string) string {
		var b bytes.Buffer
		for i := range rapid.IntRange(0, 3).Draw(t, "items") {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(space.Draw(t, "space") + item() + space.Draw(t, "space"))
		}
		if b.Len() == 0 {
			return space.Draw(t, "space")
		}
		return b.String()
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0, 1:
		return rapid.SampledFrom(texts).Draw(t, "text")
	case 2:
		return rapid.SampledFrom(numbers).Draw(t, "number")
	case 3:
		return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "literal")
	case 4:
		return "[" + list(func() string { return drawValue(t, depth-1) }) + "]"
	default:
		names := []string{`"a"`, `"b"`, `"c\"}"`}
		i := rapid.IntRange(0, 2).Draw(t, "first") // package record has rejected duplicate names
		return "{" + list(func() string {
			i++
			return names[i%len(names)] + space.Draw(t, "space") + ":" + space.Draw(t, "space") + drawValue(t, depth-1)
		}) + "}"
	}
}

// TestCompilerRecursiveSchema checks that compiling a schema that refers to itself terminates.
func TestCompilerRecursiveSchema(t *testing.T) {
	t.Parallel()
	schema, err := compileSchema(drawn{"type": "object", "properties": drawn{"a": drawn{"$ref": "#"}, "b": drawn{"type": "string"}}})
	if err != nil {
		t.Fatalf("compiling: %v", err)
	}
	acceptor := compiler{}.value(schema)
	if acceptor.accepts([]byte(`{"a":{}}`)) {
		t.Error("accepts() with a recursive member = true, want false")
	}
	if !acceptor.accepts([]byte(`{"b":"x"}`)) {
		t.Error("accepts() with a supported member = false, want true")
	}
}

// TestCompilerUnsupportedSchemas lists schemas that are left to the library.
func TestCompilerUnsupportedSchemas(t *testing.T) {
	t.Parallel()
	one := json.Number("1")
	for _, document := range []drawn{
		{"not": drawn{"type": "null"}},
		{"oneOf": []any{true, true}},
		{"oneOf": []any{drawn{"type": "integer"}, drawn{"type": "number"}}},
		{"if": true, "then": true},
		{"dependentRequired": drawn{"a": []any{"b"}}},
		{"dependentSchemas": drawn{"a": true}},
		{"dependencies": drawn{"a": []any{"b"}}},
		{"propertyNames": drawn{"maxLength": one}},
		{"patternProperties": drawn{"^a": true}},
		{"unevaluatedProperties": true},
		{"unevaluatedItems": true},
		{"minProperties": one},
		{"maxProperties": one},
		{"uniqueItems": true},
		{"contains": true},
		{"prefixItems": []any{true}},
		{"$dynamicRef": "#"},
		{"required": []any{"undeclared"}},
		{"enum": []any{"a"}, "const": "a"},
		{"minimum": json.Number("9223372036854775808")},
		{"allOf": []any{drawn{"not": true}}},
		{"$ref": "#"},
	} {
		schema, err := compileSchema(document)
		if err != nil {
			t.Fatalf("compiling %v: %v", document, err)
		}
		if acceptor := (compiler{}).value(schema); acceptor != nil {
			t.Errorf("value(%v) = %+v, want nil", document, acceptor)
		}
	}
}
