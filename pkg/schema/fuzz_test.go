package schema_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/schema"
)

// FuzzCheck compares Check with the library alone, for the records that package record accepts.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"number":1,"placed_at":"2026-01-31T12:30:00Z","total":0.30,"discount":1e-3,"state":"new","code":null,"tags":["a","b"],"address":{"city":"Ulm"}}`,
		`{"number":9007199254740993,"placed_at":"x","state":null,"extra":{"two":[1,1],"all":"ab"}}`, `{"number":1.0,"tags":["a","a"],"address":{"zip/code":"é"}}`,
		`{"number":-0,"placed_at":"2026-01-31t12:30:60z","total":-0.0,"contact":"a@b"}`, `{}`,
	} {
		f.Add([]byte(seed))
	}
	c := orders(f)
	checker, err := schema.Compile(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) { compareWithLibrary(t, c, checker, raw) })
}

// FuzzCompile compiles schemas. One that was accepted must check records as the library does.
func FuzzCompile(f *testing.F) {
	const head = `{"x-longshore":{"table":"t","key":["a"]},"properties":{"a":`
	for _, seed := range []string{
		`{"type":"string","pattern":"^a+$","maxLength":3}}}`, `{"enum":["x",1,null]},"b":{"$ref":"#/properties/a"}},"required":["a"]}`,
		`{"$ref":"#"}},"additionalProperties":false}`, `{"multipleOf":0.01,"minimum":-1e400}}}`, `{"pattern":"(?=a)"}}}`, `{"$ref":"http://x/y"}}}`,
		`{"allOf":[{"type":"integer"},{"maximum":5}],"const":3}},"$schema":"http://json-schema.org/draft-07/schema#"}`, `{"minLength":1e99}}}`,
	} {
		f.Add([]byte(head+seed), []byte(`{"a":"aa","b":1.0}`))
	}
	f.Fuzz(func(t *testing.T, file, raw []byte) {
		c, err := collection.Parse("fuzzed", file)
		if err != nil {
			return
		}
		checker, err := schema.Compile(c)
		if err != nil {
			return
		}
		compareWithLibrary(t, c, checker, raw)
	})
}

// compareWithLibrary requires that Check accepts a record if and only if the library does.
func compareWithLibrary(t *testing.T, c *collection.Collection, checker *schema.Checker, raw []byte) {
	t.Helper()
	values, reasons := record.NewReader(c, record.DefaultLimits()).Read(raw)
	if reasons != nil {
		return
	}
	got, want := checker.Check(raw, values), checker.Explain(raw)
	if (got == nil) != (want == nil) {
		t.Errorf("Check(%s) by the schema %s = %v, want %v as the library", raw, c.Schema, got, want)
	}
	for _, r := range want {
		if r.Code == "" || r.Message == "" {
			t.Errorf("Check(%s) by the schema %s gives a reason without code or message: %+v", raw, c.Schema, r)
		}
	}
}
