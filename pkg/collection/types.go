package collection

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// typeSet is the set of JSON types that a schema allows. If it is not limited, it allows any type.
type typeSet struct {
	limited bool
	names   []string
}

// facts are what a schema says about the types of a value and of its items, if it is an array, and about the
// format of a string.
type facts struct {
	types, items typeSet
	format       string
}

// typeKeywords are the keywords of a schema that say something about types.
type typeKeywords struct {
	Type   typeList          `json:"type"`
	Format string            `json:"format"`
	Items  json.RawMessage   `json:"items"`
	Enum   []json.RawMessage `json:"enum"`
	Const  json.RawMessage   `json:"const"`
	Ref    string            `json:"$ref"`
	AllOf  []json.RawMessage `json:"allOf"`
	AnyOf  []json.RawMessage `json:"anyOf"`
	OneOf  []json.RawMessage `json:"oneOf"`
}

// typeList is the keyword "type": one type or a list of types.
type typeList []string

// UnmarshalJSON reads both forms of the keyword.
func (t *typeList) UnmarshalJSON(value []byte) error {
	if len(value) > 0 && value[0] == '"' {
		*t = make(typeList, 1)
		return json.Unmarshal(value, &(*t)[0])
	}
	return json.Unmarshal(value, (*[]string)(t))
}

// resolver finds what the schemas of a file say, following references within the file. known is what the
// schemas say that references lead to.
type resolver struct {
	root  json.RawMessage
	known map[string]facts
}

// facts returns what a schema says about types: the keywords type, enum and const, and the schemas of $ref,
// allOf, anyOf and oneOf. A reference that leads nowhere or to itself says nothing; the compiler of the schema
// reports the former.
func (r *resolver) facts(schema json.RawMessage) (facts, error) {
	if isBoolean(schema) {
		return facts{types: typeSet{limited: string(schema) == "false"}}, nil
	}
	var k typeKeywords
	if err := json.Unmarshal(schema, &k); err != nil {
		return facts{}, err
	}
	f := facts{types: k.types(), format: k.Format}
	err := r.addItems(&f, k.Items)
	add := func(other facts, failed error) {
		f, err = f.and(other), errors.Join(err, failed)
	}
	for _, alternatives := range [][]json.RawMessage{k.AnyOf, k.OneOf} {
		if len(alternatives) > 0 {
			add(r.alternatives(alternatives))
		}
	}
	for _, part := range k.AllOf {
		add(r.facts(part))
	}
	if k.Ref != "" {
		add(r.referred(k.Ref))
	}
	return f, err
}

// addItems adds what the keyword items says. A list of schemas, as earlier drafts have it, says nothing.
func (r *resolver) addItems(f *facts, items json.RawMessage) error {
	if len(items) == 0 || items[0] == '[' {
		return nil
	}
	of, err := r.facts(items)
	f.items = of.types
	return err
}

// referred returns what the schema says that a reference leads to. While that is found out, it says nothing.
func (r *resolver) referred(reference string) (facts, error) {
	if f, ok := r.known[reference]; ok {
		return f, nil
	}
	r.known[reference] = facts{}
	schema := r.find(reference)
	if schema == nil {
		return facts{}, nil
	}
	f, err := r.facts(schema)
	r.known[reference] = f
	return f, err
}

// alternatives returns what the schemas of anyOf or oneOf say together. Those that allow no array say nothing
// about items.
func (r *resolver) alternatives(schemas []json.RawMessage) (facts, error) {
	all := facts{types: typeSet{limited: true}}
	arrays := typeSet{limited: true}
	var formats []string
	for _, schema := range schemas {
		f, err := r.facts(schema)
		if err != nil {
			return facts{}, err
		}
		all.types = all.types.or(f.types)
		if f.types.allows("array") {
			arrays = arrays.or(f.items)
		}
		if f.types.allows("string") {
			formats = append(formats, f.format)
		}
	}
	if formats = slices.Compact(formats); len(formats) == 1 {
		all.format = formats[0]
	}
	if len(arrays.names) > 0 {
		all.items = arrays
	}
	return all, nil
}

// find returns the schema that a reference within the file leads to; nil if there is none.
func (r *resolver) find(reference string) json.RawMessage {
	pointer, ok := strings.CutPrefix(reference, "#")
	if !ok {
		return nil
	}
	found := r.root
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = UnescapeToken(token)
		var object map[string]json.RawMessage
		if json.Unmarshal(found, &object) == nil {
			found = object[token]
			continue
		}
		found = item(found, token)
	}
	if pointer != "" && pointer[0] != '/' {
		return nil // an anchor
	}
	return found
}

// types returns the types that the keywords of the schema itself allow.
func (k *typeKeywords) types() typeSet {
	all := typeSet{limited: k.Type != nil, names: k.Type}
	if k.Enum != nil {
		values := typeSet{limited: true}
		for _, value := range k.Enum {
			values = values.or(typeOf(value))
		}
		all = all.and(values)
	}
	if k.Const != nil {
		all = all.and(typeOf(k.Const))
	}
	return all
}

// typeOf returns the type of a value.
func typeOf(value json.RawMessage) typeSet {
	name := "number"
	switch value[0] {
	case '"':
		name = "string"
	case '{':
		name = "object"
	case '[':
		name = "array"
	case 't', 'f':
		name = "boolean"
	case 'n':
		name = "null"
	default:
		if !bytes.ContainsAny(value, ".eE") {
			name = "integer"
		}
	}
	return typeSet{limited: true, names: []string{name}}
}

func (f facts) and(other facts) facts {
	return facts{types: f.types.and(other.types), items: f.items.and(other.items), format: cmp.Or(f.format, other.format)}
}

// and returns the types that both sets allow. An integer is a number.
func (t typeSet) and(other typeSet) typeSet {
	if !t.limited {
		return other
	}
	if !other.limited {
		return t
	}
	both := typeSet{limited: true}
	for _, name := range t.names {
		switch {
		case other.allows(name):
			both = both.or(typeSet{limited: true, names: []string{name}})
		case name == "number" && other.allows("integer"):
			both = both.or(typeSet{limited: true, names: []string{"integer"}})
		}
	}
	return both
}

// or returns the types that one of the sets allows.
func (t typeSet) or(other typeSet) typeSet {
	if !t.limited || !other.limited {
		return typeSet{}
	}
	either := typeSet{limited: true, names: slices.Clone(t.names)}
	for _, name := range other.names {
		if !slices.Contains(either.names, name) {
			either.names = append(either.names, name)
		}
	}
	return either
}

func (t typeSet) allows(name string) bool {
	return !t.limited || slices.Contains(t.names, name) || name == "integer" && slices.Contains(t.names, "number")
}

// noneIsValid reports whether no value conforms to the schema.
func (t typeSet) noneIsValid() bool { return t.limited && len(t.names) == 0 }

func isBoolean(schema json.RawMessage) bool {
	return string(schema) == "true" || string(schema) == "false"
}

// UnescapeToken returns the name in a token of a JSON Pointer in a URI fragment.
func UnescapeToken(token string) string {
	if plain, err := url.PathUnescape(token); err == nil {
		token = plain
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
}

// item returns the item of an array at an index; nil if there is none.
func item(array json.RawMessage, index string) json.RawMessage {
	var items []json.RawMessage
	var n int
	if json.Unmarshal(array, &items) != nil {
		return nil
	}
	if _, err := fmt.Sscanf(index, "%d", &n); err != nil || n < 0 || n >= len(items) {
		return nil
	}
	return items[n]
}
