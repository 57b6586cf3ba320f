package schema

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// recordAcceptor accepts records member by member, in the order of the collection's properties.
// Package record has already rejected records with other members. A nil acceptor accepts nothing.
type recordAcceptor struct {
	members  []*valueAcceptor
	required []bool
	also     []*recordAcceptor // these must accept the record too
}

// valueAcceptor accepts values of one schema. A nil acceptor accepts nothing; it is used for a
// schema that is not supported.
type valueAcceptor struct {
	types   types
	allowed *allowedValues // from enum or const; nil allows any
	text    textAcceptor
	number  []bound
	array   arrayAcceptor
	object  objectAcceptor
	also    []*valueAcceptor // from $ref and allOf: these must accept the value too
	// choices are from anyOf and oneOf: one acceptor of each must accept the value too.
	choices [][]*valueAcceptor
}

// anything is the acceptor of the schema true.
var anything = &valueAcceptor{}

type arrayAcceptor struct {
	min, max int
	items    *valueAcceptor
}

type objectAcceptor struct {
	members    map[string]memberAcceptor
	required   int
	additional *valueAcceptor
}

type memberAcceptor struct {
	value    *valueAcceptor
	required bool
}

// allowedValues are the strings of an enum, its numbers as they are written and whether it allows null. Its other
// values, and other forms of the same numbers, are left to the library.
type allowedValues struct {
	texts   []string
	numbers []string
	null    bool
}

// types is a set of JSON types.
type types uint8

const (
	typeNull types = 1 << iota
	typeBoolean
	typeInteger
	typeNumber
	typeString
	typeArray
	typeObject
	allTypes = typeNull | typeBoolean | typeInteger | typeNumber | typeString | typeArray | typeObject
)

var typesByName = map[string]types{
	"null": typeNull, "boolean": typeBoolean, "integer": typeInteger, "number": typeNumber,
	"string": typeString, "array": typeArray, "object": typeObject,
}

// accepts reports whether the acceptor accepts the record with these values. If so, the library
// would accept it too.
func (r *recordAcceptor) accepts(values []jsontext.Value) bool {
	if r == nil || len(values) != len(r.members) {
		return false
	}
	for i, value := range values {
		if value == nil && !r.required[i] {
			continue
		}
		if value == nil || !r.members[i].accepts(value) {
			return false
		}
	}
	for _, other := range r.also {
		if !other.accepts(values) {
			return false
		}
	}
	return true
}

// accepts requires that the value is well formed and has no white space around it.
func (a *valueAcceptor) accepts(value []byte) bool {
	if a == nil || a == anything {
		return a == anything
	}
	for _, other := range a.also {
		if !other.accepts(value) {
			return false
		}
	}
	for _, choice := range a.choices {
		if !slices.ContainsFunc(choice, func(other *valueAcceptor) bool { return other.accepts(value) }) {
			return false
		}
	}
	switch value[0] {
	case '"':
		return a.types&typeString != 0 && a.text.accepts(value) && a.allowed.text(value)
	case '{':
		return a.types&typeObject != 0 && a.allowed == nil && a.object.accepts(value)
	case '[':
		return a.types&typeArray != 0 && a.allowed == nil && a.array.accepts(value)
	case 't', 'f':
		return a.types&typeBoolean != 0 && a.allowed == nil
	case 'n':
		return a.types&typeNull != 0 && (a.allowed == nil || a.allowed.null)
	default:
		return a.acceptsNumber(value)
	}
}

func (v *allowedValues) text(quoted []byte) bool {
	return v == nil || slices.Contains(v.texts, string(unquote(quoted)))
}

func (a *arrayAcceptor) accepts(array []byte) bool {
	n := 0
	pos := space(array, 1)
	for array[pos] != ']' {
		end := skip(array, pos)
		n++
		if n > a.max || !a.items.accepts(array[pos:end]) {
			return false
		}
		pos = next(array, end)
	}
	return n >= a.min
}

func (o *objectAcceptor) accepts(object []byte) bool {
	required := 0
	pos := space(object, 1)
	for object[pos] != '}' {
		nameEnd := skip(object, pos)
		start := space(object, space(object, nameEnd)+1)
		end := skip(object, start)
		member, declared := o.members[string(unquote(object[pos:nameEnd]))]
		if !declared {
			member.value = o.additional
		}
		if !member.value.accepts(object[start:end]) {
			return false
		}
		if member.required {
			required++
		}
		pos = next(object, end)
	}
	return required == o.required
}
