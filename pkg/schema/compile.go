package schema

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"regexp"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/longshore-io/longshore/pkg/collection"
)

// supported are the fields of a compiled schema that acceptors implement or may ignore. A schema
// with any other field, also one of a later version of the library, has no acceptor.
var supported = map[string]bool{
	"DraftVersion": true, "Location": true, "ID": true, "Anchor": true, "DynamicAnchor": true,
	"Bool": true, "Ref": true, "AllOf": true, "AnyOf": true, "OneOf": true, "Types": true, "Enum": true, "Const": true,
	"MinLength": true, "MaxLength": true, "Pattern": true, "Format": true,
	"Minimum": true, "Maximum": true, "ExclusiveMinimum": true, "ExclusiveMaximum": true, "MultipleOf": true,
	"MinItems": true, "MaxItems": true, "Items2020": true,
	"Required": true, "Properties": true, "AdditionalProperties": true,
	"Title": true, "Description": true, "Default": true, "Comment": true, "ReadOnly": true, "WriteOnly": true,
	"Examples": true, "Deprecated": true,
}

func supports(schema *jsonschema.Schema) bool {
	fields := reflect.ValueOf(schema).Elem()
	for i := range fields.NumField() {
		field := fields.Type().Field(i)
		if field.IsExported() && !supported[field.Name] && !fields.Field(i).IsZero() {
			return false
		}
	}
	return schema.DraftVersion >= oldestDraft
}

// compileRecord returns the acceptor of whole records; nil if the schema is not supported.
func compileRecord(schema *jsonschema.Schema, properties []collection.Property) *recordAcceptor {
	return compiler{}.value(schema).record(properties)
}

// record returns the acceptor of records that the acceptor of a value amounts to; nil if it accepts none.
func (a *valueAcceptor) record(properties []collection.Property) *recordAcceptor {
	if a == nil || a != anything && a.types&typeObject == 0 || a.allowed != nil || a.choices != nil {
		return nil
	}
	r := &recordAcceptor{}
	required := 0
	for _, property := range properties {
		member, declared := a.object.members[property.Name]
		switch {
		case a == anything:
			member.value = anything
		case !declared:
			member.value = a.object.additional
		}
		r.members = append(r.members, member.value)
		r.required = append(r.required, member.required)
		if member.required {
			required++
		}
	}
	if required != a.object.required {
		return nil
	}
	for _, other := range a.also {
		also := other.record(properties)
		if also == nil {
			return nil
		}
		r.also = append(r.also, also)
	}
	return r
}

// compiler contains the schemas that are being compiled, to detect one that refers to itself.
type compiler map[*jsonschema.Schema]bool

// value returns the acceptor of one schema; nil if the schema is not supported.
func (c compiler) value(schema *jsonschema.Schema) *valueAcceptor {
	if c[schema] || !supports(schema) {
		return nil
	}
	if schema.Bool != nil {
		if *schema.Bool {
			return anything
		}
		return nil
	}
	c[schema] = true
	defer delete(c, schema)
	a := &valueAcceptor{types: compileTypes(schema.Types)}
	c.setArray(a, schema)
	if !a.setAllowed(schema) || !a.setText(schema) || !a.setNumber(schema) || !c.setObject(a, schema) || !c.setAlso(a, schema) ||
		!c.setChoices(a, schema) {
		return nil
	}
	return a
}

func compileTypes(declared *jsonschema.Types) types {
	if declared == nil || declared.IsEmpty() {
		return allTypes
	}
	var set types
	for _, name := range declared.ToStrings() {
		set |= typesByName[name]
	}
	return set
}

func (a *valueAcceptor) setAllowed(schema *jsonschema.Schema) bool {
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
	a.allowed = &allowedValues{}
	for _, value := range values {
		switch value := value.(type) {
		case string:
			a.allowed.texts = append(a.allowed.texts, value)
		case json.Number:
			a.allowed.numbers = append(a.allowed.numbers, value.String())
		case nil:
			a.allowed.null = true
		}
	}
	return true
}

func (a *valueAcceptor) setText(schema *jsonschema.Schema) bool {
	a.text = textAcceptor{min: valueOr(schema.MinLength, 0), max: valueOr(schema.MaxLength, math.MaxInt)}
	if schema.Format != nil {
		a.text.format = &formatAcceptor{fast: fastFormats[schema.Format.Name], validate: schema.Format.Validate}
	}
	if schema.Pattern == nil {
		return true
	}
	pattern, ok := schema.Pattern.(*regexp.Regexp)
	a.text.pattern = pattern
	return ok
}

// setNumber supports bounds that fit into 64 bits.
func (a *valueAcceptor) setNumber(schema *jsonschema.Schema) bool {
	keywords := []struct {
		limit     *big.Rat
		satisfied func(value, limit int64) bool
	}{
		{schema.Minimum, atLeast},
		{schema.Maximum, atMost},
		{schema.ExclusiveMinimum, above},
		{schema.ExclusiveMaximum, below},
		{schema.MultipleOf, multipleOf},
	}
	for _, k := range keywords {
		if k.limit == nil {
			continue
		}
		if !k.limit.Num().IsInt64() || !k.limit.Denom().IsInt64() {
			return false
		}
		a.number = append(a.number, bound{k.satisfied, k.limit.Num().Int64(), k.limit.Denom().Int64()})
	}
	return true
}

func (c compiler) setArray(a *valueAcceptor, schema *jsonschema.Schema) {
	a.array = arrayAcceptor{min: valueOr(schema.MinItems, 0), max: valueOr(schema.MaxItems, math.MaxInt), items: anything}
	if schema.Items2020 != nil {
		a.array.items = c.value(schema.Items2020)
	}
}

func (c compiler) setObject(a *valueAcceptor, schema *jsonschema.Schema) bool {
	a.object = objectAcceptor{members: make(map[string]memberAcceptor, len(schema.Properties)), additional: anything}
	switch additional := schema.AdditionalProperties.(type) {
	case bool:
		if !additional {
			a.object.additional = nil
		}
	case *jsonschema.Schema:
		a.object.additional = c.value(additional)
	}
	for name, member := range schema.Properties {
		a.object.members[name] = memberAcceptor{value: c.value(member)}
	}
	for _, name := range schema.Required {
		member, declared := a.object.members[name]
		if !declared {
			return false
		}
		if !member.required {
			a.object.required++
		}
		member.required = true
		a.object.members[name] = member
	}
	return true
}

func (c compiler) setAlso(a *valueAcceptor, schema *jsonschema.Schema) bool {
	others := schema.AllOf
	if schema.Ref != nil {
		others = append([]*jsonschema.Schema{schema.Ref}, others...)
	}
	for _, other := range others {
		acceptor := c.value(other)
		if acceptor == nil {
			return false
		}
		a.also = append(a.also, acceptor)
	}
	return true
}

// setChoices supports oneOf only if no value can conform to two of its schemas, because each has other types.
func (c compiler) setChoices(a *valueAcceptor, schema *jsonschema.Schema) bool {
	var taken types
	for _, other := range schema.OneOf {
		own := typesBelow(other)
		if own&typeNumber != 0 {
			own |= typeInteger
		}
		if taken&own != 0 {
			return false
		}
		taken |= own
	}
	for _, others := range [][]*jsonschema.Schema{schema.AnyOf, schema.OneOf} {
		var choice []*valueAcceptor
		for _, other := range others {
			if acceptor := c.value(other); acceptor != nil {
				choice = append(choice, acceptor)
			}
		}
		if len(others) > 0 {
			a.choices = append(a.choices, choice)
		}
	}
	return true
}

// typesBelow returns the types that a schema, or the schema that its $ref leads to, allows.
func typesBelow(schema *jsonschema.Schema) types {
	const maxReferences = 8
	for range maxReferences {
		if schema.Ref == nil || schema.Types != nil && !schema.Types.IsEmpty() {
			break
		}
		schema = schema.Ref
	}
	return compileTypes(schema.Types)
}

func valueOr(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
