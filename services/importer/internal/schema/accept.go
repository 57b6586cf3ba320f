package schema

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

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

func planTypes(declared *jsonschema.Types) types {
	if declared == nil || declared.IsEmpty() {
		return allTypes
	}
	var set types
	for _, name := range declared.ToStrings() {
		set |= typesByName[name]
	}
	return set
}

// accepts reports whether the judge would accept the value, which is well formed and has no white space around it.
func (p *valuePlan) accepts(value []byte) bool {
	if p == nil || p == anything {
		return p == anything
	}
	for _, other := range p.also {
		if !other.accepts(value) {
			return false
		}
	}
	switch value[0] {
	case '"':
		return p.types&typeString != 0 && p.text.accepts(value) && p.allowed.text(value)
	case '{':
		return p.types&typeObject != 0 && p.allowed == nil && p.object.accepts(value)
	case '[':
		return p.types&typeArray != 0 && p.allowed == nil && p.array.accepts(value)
	case 't', 'f':
		return p.types&typeBoolean != 0 && p.allowed == nil
	case 'n':
		return p.types&typeNull != 0 && (p.allowed == nil || p.allowed.null)
	default:
		return p.acceptsNumber(value)
	}
}

// allowedValues are the texts and perhaps the null of an enum. Other values it may list are left to the judge.
type allowedValues struct {
	texts []string
	null  bool
}

func (p *valuePlan) planAllowed(schema *jsonschema.Schema) bool {
	var values []any
	switch {
	case schema.Enum != nil && schema.Const != nil:
		return false
	case schema.Enum != nil:
		values = schema.Enum.Values
	case schema.Const != nil:
		values = []any{*schema.Const}
	default:
		return true
	}
	p.allowed = &allowedValues{}
	for _, value := range values {
		switch value := value.(type) {
		case string:
			p.allowed.texts = append(p.allowed.texts, value)
		case nil:
			p.allowed.null = true
		}
	}
	return true
}

func (a *allowedValues) text(quoted []byte) bool {
	return a == nil || slices.Contains(a.texts, string(unquote(quoted)))
}

func (p *arrayPlan) accepts(array []byte) bool {
	n := 0
	pos := space(array, 1)
	for array[pos] != ']' {
		end := skip(array, pos)
		n++
		if n > p.max || !p.items.accepts(array[pos:end]) {
			return false
		}
		pos = next(array, end)
	}
	return n >= p.min
}

func (p *objectPlan) accepts(object []byte) bool {
	required := 0
	pos := space(object, 1)
	for object[pos] != '}' {
		nameEnd := skip(object, pos)
		start := space(object, space(object, nameEnd)+1)
		end := skip(object, start)
		member, declared := p.members[string(unquote(object[pos:nameEnd]))]
		if !declared {
			member.value = p.additional
		}
		if !member.value.accepts(object[start:end]) {
			return false
		}
		if member.required {
			required++
		}
		pos = next(object, end)
	}
	return required == p.required
}
