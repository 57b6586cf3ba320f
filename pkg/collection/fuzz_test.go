package collection_test

import (
	"slices"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
)

// FuzzParse parses collection files. An accepted collection has a key of declared members.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"x-longshore":{"table":"a.b","key":["id"]},"properties":{"id":{"type":["string","null"]},"l":{"type":"array","items":{"type":"string"}}}}`,
		`{"x-longshore":{"table":"t","key":["id","id"]},"properties":{"id":true}}`, `{"properties":null}`, `{"properties":[]}`, `{"properties":{"a":{},"a":{}}}`,
		`{"x-longshore":{"table":"t","key":["id"]},"properties":{"id":{"type":7}}}`, `null`,
		`{"x-longshore":{"table":"t","key":["id"]},"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#"}],"properties":{"id":{"anyOf":[{"$ref":"#/$defs/a"},{"const":1}]}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := collection.Parse("fuzzed", file)
		if err != nil {
			return
		}
		var names []string
		for _, p := range c.Properties {
			if slices.Contains(names, p.Name) {
				t.Errorf("Parse(%s) declares %q twice", file, p.Name)
			}
			names = append(names, p.Name)
		}
		for i, member := range c.Key {
			if !slices.Contains(names, member) || slices.Contains(c.Key[:i], member) {
				t.Errorf("Parse(%s).Key = %q, want declared members, each once", file, c.Key)
			}
		}
	})
}
