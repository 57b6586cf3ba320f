package schema

import (
	"math"
	"reflect"
	"regexp"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/longshore-io/longshore/pkg/collection"
)

// recordPlan accepts records member by member, in the order of the collection's properties. The package record has
// made sure that there are no other members. A nil plan accepts nothing.
type recordPlan struct {
	members  []*valuePlan
	required []bool
}

// valuePlan accepts values of one schema. A nil plan accepts nothing: it stands for a schema that is not understood.
type valuePlan struct {
	types   types
	allowed *allowedValues // from enum or const; nil allows any
	text    textPlan
	number  []bound
	array   arrayPlan
	object  objectPlan
	also    []*valuePlan // from $ref and allOf: these must accept, too
}

type arrayPlan struct {
	min, max int
	items    *valuePlan
}

type objectPlan struct {
	members    map[string]memberPlan
	required   int
	additional *valuePlan
}

type memberPlan struct {
	value    *valuePlan
	required bool
}

// accepts reports whether the judge would accept the record with these values.
func (p *recordPlan) accepts(values []jsontext.Value) bool {
	if p == nil || len(values) != len(p.members) {
		return false
	}
	for i, value := range values {
		if value == nil && !p.required[i] {
			continue
		}
		if value == nil || !p.members[i].accepts(value) {
			return false
		}
	}
	return true
}

// planRecord makes the plan for the schema of whole records.
func planRecord(schema *jsonschema.Schema, properties []collection.Property) *recordPlan {
	whole := planner{}.value(schema)
	if whole == nil || whole.types&typeObject == 0 || whole.allowed != nil || whole.also != nil {
		return nil
	}
	p := &recordPlan{}
	required := 0
	for _, property := range properties {
		member := whole.object.members[property.Name]
		p.members = append(p.members, member.value)
		p.required = append(p.required, member.required)
		if member.required {
			required++
		}
	}
	if required != whole.object.required {
		return nil
	}
	return p
}

// planner holds the schemas that are being planned, so that one that refers to itself is left to the judge.
type planner map[*jsonschema.Schema]bool

// anything is the plan of the schema true.
var anything = &valuePlan{}

// understood are the keywords that a plan knows or may ignore. A schema that has any other one has no plan, be it a
// keyword of today or of a later version of the library.
var understood = map[string]bool{
	"DraftVersion": true, "Location": true, "ID": true, "Anchor": true, "DynamicAnchor": true,
	"Bool": true, "Ref": true, "AllOf": true, "Types": true, "Enum": true, "Const": true,
	"MinLength": true, "MaxLength": true, "Pattern": true, "Format": true,
	"Minimum": true, "Maximum": true, "ExclusiveMinimum": true, "ExclusiveMaximum": true, "MultipleOf": true,
	"MinItems": true, "MaxItems": true, "Items2020": true,
	"Required": true, "Properties": true, "AdditionalProperties": true,
	"Title": true, "Description": true, "Default": true, "Comment": true, "ReadOnly": true, "WriteOnly": true,
	"Examples": true, "Deprecated": true,
}

func understands(schema *jsonschema.Schema) bool {
	fields := reflect.ValueOf(schema).Elem()
	for i := range fields.NumField() {
		field := fields.Type().Field(i)
		if field.IsExported() && !understood[field.Name] && !fields.Field(i).IsZero() {
			return false
		}
	}
	return schema.DraftVersion == draft
}

// value makes the plan of one schema, or none.
func (seen planner) value(schema *jsonschema.Schema) *valuePlan {
	if seen[schema] || !understands(schema) {
		return nil
	}
	if schema.Bool != nil {
		if *schema.Bool {
			return anything
		}
		return nil
	}
	seen[schema] = true
	defer delete(seen, schema)
	p := &valuePlan{types: planTypes(schema.Types)}
	parts := []bool{
		p.planAllowed(schema), p.planText(schema), p.planNumber(schema),
		p.planArray(schema, seen), p.planObject(schema, seen), p.planAlso(schema, seen),
	}
	for _, planned := range parts {
		if !planned {
			return nil
		}
	}
	return p
}

func (p *valuePlan) planText(schema *jsonschema.Schema) bool {
	p.text = textPlan{min: valueOr(schema.MinLength, 0), max: valueOr(schema.MaxLength, math.MaxInt)}
	if schema.Format != nil {
		p.text.format = &formatPlan{quick: quickFormats[schema.Format.Name], judge: schema.Format.Validate}
	}
	if schema.Pattern == nil {
		return true
	}
	pattern, ok := schema.Pattern.(*regexp.Regexp)
	p.text.pattern = pattern
	return ok
}

func (p *valuePlan) planArray(schema *jsonschema.Schema, seen planner) bool {
	p.array = arrayPlan{min: valueOr(schema.MinItems, 0), max: valueOr(schema.MaxItems, math.MaxInt), items: anything}
	if schema.Items2020 != nil {
		p.array.items = seen.value(schema.Items2020)
	}
	return true
}

func (p *valuePlan) planObject(schema *jsonschema.Schema, seen planner) bool {
	p.object = objectPlan{members: make(map[string]memberPlan, len(schema.Properties)), additional: anything}
	switch additional := schema.AdditionalProperties.(type) {
	case bool:
		if !additional {
			p.object.additional = nil
		}
	case *jsonschema.Schema:
		p.object.additional = seen.value(additional)
	}
	for name, member := range schema.Properties {
		p.object.members[name] = memberPlan{value: seen.value(member)}
	}
	for _, name := range schema.Required {
		member, declared := p.object.members[name]
		if !declared {
			return false
		}
		if !member.required {
			p.object.required++
		}
		member.required = true
		p.object.members[name] = member
	}
	return true
}

func (p *valuePlan) planAlso(schema *jsonschema.Schema, seen planner) bool {
	others := schema.AllOf
	if schema.Ref != nil {
		others = append([]*jsonschema.Schema{schema.Ref}, others...)
	}
	for _, other := range others {
		plan := seen.value(other)
		if plan == nil {
			return false
		}
		p.also = append(p.also, plan)
	}
	return true
}

func valueOr(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
