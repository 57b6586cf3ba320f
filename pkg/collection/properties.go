package collection

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// members are the members of an object in their order.
type members []member

type member struct {
	name   string
	schema json.RawMessage
}

// UnmarshalJSON reads the members of an object in their order.
func (m *members) UnmarshalJSON(value []byte) error {
	dec := json.NewDecoder(bytes.NewReader(value))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return fmt.Errorf("properties must be an object, not %s", value)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return fmt.Errorf("reading the name of a property: %w", err)
		}
		one := member{name: fmt.Sprint(name)}
		if err := dec.Decode(&one.schema); err != nil {
			return fmt.Errorf("reading property %q: %w", one.name, err)
		}
		if slices.ContainsFunc(*m, func(other member) bool { return other.name == one.name }) {
			return fmt.Errorf("properties declares %q twice", one.name)
		}
		*m = append(*m, one)
	}
	return nil
}

// record is what the schema of a file says about the members of a record.
type record struct {
	names    []string
	members  map[string]facts
	defaults map[string]json.RawMessage
	required []string
	seen     []string // references that were followed
}

// recordKeywords are the keywords of a schema that say something about the members of a record.
type recordKeywords struct {
	Ref        string            `json:"$ref"`
	AllOf      []json.RawMessage `json:"allOf"`
	Required   []string          `json:"required"`
	Properties members           `json:"properties"`
}

// readSchema checks the schema and returns the declared members of the records, which are nil if they cannot be
// read.
func readSchema(file []byte) ([]Property, error) {
	wrong := checkSchema(file)
	if errors.Is(wrong, errNesting) {
		return nil, wrong
	}
	properties, err := readProperties(file)
	return properties, errors.Join(wrong, err)
}

// readProperties returns the declared members of the records in their order: those of the schema's properties,
// and those of the schemas that its $ref and allOf name.
func readProperties(file []byte) ([]Property, error) {
	r := &resolver{root: file, known: make(map[string]facts)}
	all := &record{members: make(map[string]facts), defaults: make(map[string]json.RawMessage)}
	if err := r.collect(file, all); err != nil {
		return nil, err
	}
	var errs []error
	properties := make([]Property, len(all.names))
	for i, name := range all.names {
		f := all.members[name]
		properties[i] = Property{Name: name, Types: f.types.names, Items: f.items.names, Format: f.format, Default: all.defaults[name]}
		if f.types.noneIsValid() {
			errs = append(errs, fmt.Errorf("no value of member %q can be valid, because its schema is false or contradicts itself: correct or remove it", name))
		}
	}
	for _, name := range all.required {
		if _, declared := all.members[name]; declared {
			continue
		}
		remedy := "declare it or remove it from required"
		if near, ok := Nearest(name, all.names); ok {
			remedy = fmt.Sprintf("did you mean %q?", near)
		}
		errs = append(errs, fmt.Errorf("required names %q, which properties does not declare, so that no record could be accepted: %s", name, remedy))
	}
	return properties, errors.Join(errs...)
}

// collect adds the members of a schema for records.
func (r *resolver) collect(schema json.RawMessage, all *record) error {
	if isBoolean(schema) {
		return nil
	}
	var k recordKeywords
	if err := json.Unmarshal(schema, &k); err != nil {
		return err
	}
	for _, one := range k.Properties {
		f, err := r.facts(one.schema)
		if err != nil {
			return fmt.Errorf("property %q: %w", one.name, err)
		}
		if earlier, declared := all.members[one.name]; declared {
			f = earlier.and(f)
		} else {
			all.names = append(all.names, one.name)
		}
		all.members[one.name] = f
		if value := defaultOf(one.schema); value != nil {
			all.defaults[one.name] = value
		}
	}
	for _, name := range k.Required {
		if !slices.Contains(all.required, name) {
			all.required = append(all.required, name)
		}
	}
	parts := k.AllOf
	if referred := r.find(k.Ref); referred != nil && !slices.Contains(all.seen, k.Ref) {
		all.seen = append(all.seen, k.Ref)
		parts = append(parts, referred)
	}
	for _, part := range parts {
		if err := r.collect(part, all); err != nil {
			return err
		}
	}
	return nil
}

// defaultOf returns the value of the keyword default of a schema; nil if it has none.
func defaultOf(schema json.RawMessage) json.RawMessage {
	var k struct {
		Default json.RawMessage `json:"default"`
	}
	if isBoolean(schema) || json.Unmarshal(schema, &k) != nil {
		return nil
	}
	return k.Default
}
