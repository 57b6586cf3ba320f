package collection_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
)

// TestParseTypes parses schemas of one member, as generators write them.
func TestParseTypes(t *testing.T) {
	t.Parallel()
	const shared = `"$defs":{"lot":{"type":"integer","minimum":1},"lots":{"type":"array","items":{"$ref":"#/$defs/lot"}},
  "tree":{"anyOf":[{"$ref":"#/$defs/tree"},{"type":"null"}]},"self":{"$ref":"#/$defs/self"},"alias":{"$ref":"#/$defs/deep/properties/a~1b"},
  "deep":{"properties":{"a/b":{"type":"boolean"}}},"list":{"allOf":[{"type":"string"}]}},"definitions":{"old":{"const":1.5}}`
	for schema, want := range map[string]collection.Property{
		`{"anyOf":[{"type":"integer"},{"type":"null"}],"default":null}`:            {Types: []string{"integer", "null"}, Default: json.RawMessage("null")},
		`{"oneOf":[{"type":"null"},{"$ref":"#/$defs/lot"}]}`:                       {Types: []string{"null", "integer"}},
		`{"allOf":[{"$ref":"#/$defs/lot"}],"description":"a lot"}`:                 {Types: []string{"integer"}},
		`{"$ref":"#/$defs/lots"}`:                                                  {Types: []string{"array"}, Items: []string{"integer"}},
		`{"anyOf":[{"$ref":"#/$defs/lots"},{"type":"null"}]}`:                      {Types: []string{"array", "null"}, Items: []string{"integer"}},
		`{"$ref":"#/$defs/alias"}`:                                                 {Types: []string{"boolean"}},
		`{"$ref":"#/$defs/list/allOf/0"}`:                                          {Types: []string{"string"}},
		`{"$ref":"#/%24defs/lot"}`:                                                 {Types: []string{"integer"}},
		`{"$ref":"#/definitions/old"}`:                                             {Types: []string{"number"}},
		`{"$ref":"#/$defs/tree"}`:                                                  {},
		`{"$ref":"#/$defs/self"}`:                                                  {},
		`{"$ref":"#/$defs/none"}`:                                                  {},
		`{"$ref":"#"}`:                                                             {Types: []string{"object"}},
		`{"type":"string","format":"date"}`:                                        {Types: []string{"string"}, Format: "date"},
		`{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]}`:       {Types: []string{"string", "null"}, Format: "date-time"},
		`{"anyOf":[{"type":"string","format":"date-time"},{"type":"string"}]}`:     {Types: []string{"string"}},
		`{"const":"x"}`:                                                            {Types: []string{"string"}},
		`{"const":null}`:                                                           {Types: []string{"null"}},
		`{"enum":["a",1,2,null]}`:                                                  {Types: []string{"string", "integer", "null"}},
		`{"type":["string","null"],"enum":["a","b"]}`:                              {Types: []string{"string"}},
		`{"type":"number","allOf":[{"type":["integer","string"]}]}`:                {Types: []string{"integer"}},
		`{"type":"array","items":true}`:                                            {Types: []string{"array"}},
		`{"type":"array","items":[{"type":"string"}]}`:                             {Types: []string{"array"}},
		`{"anyOf":[{"type":"array","items":{"type":"integer"}},{"type":"array"}]}`: {Types: []string{"array"}},
		`{"anyOf":[{},{"type":"null"}]}`:                                           {},
		`{"not":{"type":"string"}}`:                                                {},
		`true`:                                                                     {},
		`{}`:                                                                       {},
	} {
		file := fmt.Sprintf(`{"x-longshore":{"table":"t","key":["x"]},"type":"object","properties":{"x":%s},%s}`, schema, shared)
		c, err := collection.Parse("c", []byte(file))
		if err != nil {
			t.Errorf("Parse(%s) error: %v", schema, err)
			continue
		}
		want.Name = "x"
		if diff := cmp.Diff([]collection.Property{want}, c.Properties); diff != "" {
			t.Errorf("properties of %s (-want +got):\n%s", schema, diff)
		}
	}
}

// TestParseMembers parses files whose members are not in the file's own properties.
func TestParseMembers(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"reference": `{"x-longshore":{"table":"t","key":["a"]},"$ref":"#/definitions/Row","definitions":{"Row":{"type":"object",
  "properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":{}},"required":["a","c"]}}}`,
		"parts": `{"x-longshore":{"table":"t","key":["a"]},"properties":{"a":{"type":["string","null"]}},"required":["c"],"allOf":[{"$ref":"#/$defs/base"},
  {"properties":{"b":{"type":"number"},"c":true}},{"properties":{"b":{"type":"integer"}}},{"$ref":"#"}],"$defs":{"base":{"properties":{"a":{"type":"string"}}}}}`,
		"mark": "\ufeff" + `{"x-longshore":{"table":"t","key":["a"]},"properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":true}}`,
	} {
		c, err := collection.Parse("c", []byte(file))
		if err != nil {
			t.Errorf("Parse() of %s error: %v", name, err)
			continue
		}
		want := []collection.Property{{Name: "a", Types: []string{"string"}}, {Name: "b", Types: []string{"integer"}}, {Name: "c"}}
		if diff := cmp.Diff(want, c.Properties); diff != "" {
			t.Errorf("properties of %s (-want +got):\n%s", name, diff)
		}
		if c.Schema[0] != '{' {
			t.Errorf("schema of %s begins with %q, want an object", name, c.Schema[0])
		}
	}
}

// TestParseSchemaErrors parses schemas that can't mean what they say. The error names the place and the remedy.
func TestParseSchemaErrors(t *testing.T) {
	t.Parallel()
	const file = `{"x-longshore":{"table":"t","key":["k"]},"type":"object","properties":{"k":{"type":"string"},"x":{}}}`
	for name, tt := range map[string]struct {
		old, new string
		want     []string
	}{
		"false":              {`"x":{}`, `"x":false`, []string{`no value of member "x" can be valid`}},
		"contradiction":      {`"x":{}`, `"x":{"type":"string","const":1}`, []string{`no value of member "x" can be valid`}},
		"required":           {`"type":"object"`, `"type":"object","required":["k","missing"]`, []string{`required names "missing"`, "declare it"}},
		"required misspelt":  {`"x":{}}`, `"price":{}},"required":["prise"]`, []string{`required names "prise"`, `did you mean "price"?`}},
		"keyword":            {`"x":{}`, `"x":{"maxlenght":3}`, []string{"/properties/x", `"maxlenght" is no keyword`, `did you mean "maxLength"?`}},
		"keyword at the top": {`"type":"object"`, `"requierd":["k"]`, []string{`"requierd"`, `did you mean "required"?`}},
		"keyword in items":   {`"x":{}`, `"x":{"type":"array","items":{"anyOf":[{"fromat":"date"}]}}`, []string{"/properties/x/items/anyOf/0", `"format"`}},
		"keyword in $defs":   {`"type":"object"`, `"$defs":{"a/b":{"minimun":1}}`, []string{"/$defs/a~1b", `"minimum"`}},
		"nullable":           {`"x":{}`, `"x":{"nullable":true}`, []string{"/properties/x", `add "null" to type`}},
		"format":             {`"x":{}`, `"x":{"format":"datetime"}`, []string{"/properties/x/format", `did you mean "date-time"?`}},
		"unknown format":     {`"x":{}`, `"x":{"format":"licence plate"}`, []string{`no format "licence plate"`, "leave it out"}},
		"pattern":            {`"x":{}`, `"x":{"pattern":"^(?!tmp)[a-z]+$"}`, []string{"/properties/x/pattern", "^(?!tmp)[a-z]+$", "RE2", "no lookahead"}},
		"patternProperties":  {`"x":{}`, `"x":{"patternProperties":{"(?<=a)b":{}}}`, []string{"/properties/x/patternProperties/(?<=a)b", "RE2"}},
		"option":             {`"key"`, `"mode":"merge","key"`, []string{`x-longshore has no member "mode"`, "it has table"}},
		"option misspelt":    {`"key"`, `"hideTriggerMesages":true,"key"`, []string{`"hideTriggerMesages"`, `did you mean "hideTriggerMessages"?`}},
		"declared twice":     {`"x":{}`, `"x":{},"x":{}`, []string{`declares "x" twice`}},
		"key twice":          {`["k"]`, `["k","k"]`, []string{`names "k" twice`}},
		"nesting":            {`"x":{}`, `"x":` + strings.Repeat(`{"not":`, 300) + "{}" + strings.Repeat("}", 300), []string{"nested too deep"}},
	} {
		_, err := collection.Parse("c", []byte(strings.Replace(file, tt.old, tt.new, 1)))
		if err == nil {
			t.Errorf("Parse() with %s error = nil, want an error", name)
			continue
		}
		for _, part := range tt.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("Parse() with %s = %v, want an error with %q", name, err, part)
			}
		}
	}
}

// TestParseKeepsOthersKeywords parses a file with keywords and formats that are not of JSON Schema, which
// generators write and which check nothing.
func TestParseKeepsOthersKeywords(t *testing.T) {
	t.Parallel()
	const file = `{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://example.com/a","x-longshore":{"table":"t","key":["k"]},
  "additionalProperties":false,"x-go-name":"Row","tsType":"Row","properties":{"k":{"type":"integer","format":"int64","example":1,"note":"n","unit":"kg"},
  "d":{"type":"string","format":"date-time","markdownDescription":"when","examples":["x"],"default":{"requierd":1},"enum":[{"maxlenght":1},"a"],"const":"a"}}}`
	if _, err := collection.Parse("c", []byte(file)); err != nil {
		t.Errorf("Parse() error: %v", err)
	}
}
