package collection

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// document is the part of a collection's file that this package reads. The JSON Schema compiler reads
// the rest.
type document struct {
	Longshore struct {
		Table    string   `json:"table"`
		Role     string   `json:"role"`
		Verbs    []Verb   `json:"verbs"`
		Key      []string `json:"key"`
		Ordering Ordering `json:"ordering"`

		Write      string `json:"write"`
		OnExisting string `json:"onExisting"`

		Round               bool `json:"round"`
		HideTriggerMessages bool `json:"hideTriggerMessages"`
	} `json:"x-longshore"`
	Properties members `json:"properties"`
}

// members are the members of an object in their order.
type members []struct {
	name   string
	schema memberSchema
}

type memberSchema struct {
	Type  typeList `json:"type"`
	Items struct {
		Type typeList `json:"type"`
	} `json:"items"`
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

// UnmarshalJSON reads the members of an object in their order.
func (m *members) UnmarshalJSON(value []byte) error {
	dec := json.NewDecoder(bytes.NewReader(value))
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("reading properties: %w", err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return fmt.Errorf("reading the name of a property: %w", err)
		}
		var schema memberSchema
		if err := dec.Decode(&schema); err != nil {
			return fmt.Errorf("reading property %v: %w", name, err)
		}
		*m = append(*m, struct {
			name   string
			schema memberSchema
		}{fmt.Sprint(name), schema})
	}
	return nil
}

func (m members) list() []Property {
	properties := make([]Property, len(m))
	for i, member := range m {
		properties[i] = Property{Name: member.name, Types: member.schema.Type, Items: member.schema.Items.Type}
	}
	return properties
}
