package infer

import (
	"bytes"
	"encoding/json"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// document is a collection file.
type document struct {
	Schema     string   `json:"$schema"`
	Title      string   `json:"title,omitempty"`
	Longshore  options  `json:"x-longshore"`
	Type       string   `json:"type"`
	Required   []string `json:"required,omitempty"`
	Properties members  `json:"properties"`
}

type options struct {
	Table    string              `json:"table"`
	Key      []string            `json:"key,omitempty"`
	Ordering collection.Ordering `json:"ordering"`
	// Write is merge, so that a record may leave out the columns that it does not change. Columns that must not be NULL
	// are demanded where a row is created.
	Write collection.WriteMode `json:"write"`
	Verbs []collection.Verb    `json:"verbs,omitempty"`
	Role  string               `json:"role,omitempty"`
}

// members are the properties in the order of the table.
type members []member

type member struct {
	name   string
	schema schema
}

// MarshalJSON implements json.Marshaler.
func (m members) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	_ = text.WriteByte('{')
	for i, one := range m {
		if i > 0 {
			_ = text.WriteByte(',')
		}
		name, err := json.Marshal(one.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(one.schema)
		if err != nil {
			return nil, err
		}
		_, _ = text.Write(append(append(name, ':'), value...))
	}
	_ = text.WriteByte('}')
	return text.Bytes(), nil
}

// schema is the schema of a member.
type schema struct {
	Title     string  `json:"title,omitempty"`
	Type      any     `json:"type,omitempty"`
	Format    string  `json:"format,omitempty"`
	MinLength int     `json:"minLength,omitempty"`
	MaxLength int     `json:"maxLength,omitempty"`
	Pattern   string  `json:"pattern,omitempty"`
	Enum      []any   `json:"enum,omitempty"`
	Items     *schema `json:"items,omitempty"`

	Minimum          json.Number `json:"minimum,omitempty"`
	Maximum          json.Number `json:"maximum,omitempty"`
	ExclusiveMinimum json.Number `json:"exclusiveMinimum,omitempty"`
	ExclusiveMaximum json.Number `json:"exclusiveMaximum,omitempty"`
}

// types are the JSON types, and formats the formats, of Postgres types. A type that is not here has its text form,
// a string. JSON may be anything.
var (
	types = map[uint32]string{
		pgtype.TextOID: "string", pgtype.VarcharOID: "string", pgtype.BPCharOID: "string", pgtype.UUIDOID: "string", pgtype.DateOID: "string",
		pgtype.TimeOID: "string", pgtype.TimestampOID: "string", pgtype.TimestamptzOID: "string", pgtype.Int2OID: "integer", pgtype.Int4OID: "integer",
		pgtype.Int8OID: "integer", pgtype.NumericOID: "number", pgtype.Float4OID: "number", pgtype.Float8OID: "number", pgtype.BoolOID: "boolean",
	}
	formats = map[uint32]string{pgtype.UUIDOID: "uuid", pgtype.DateOID: "date", pgtype.TimestamptzOID: "date-time"}
)

// lengthHeader is what the modifier of a character type is more than its length.
const lengthHeader = 4

func schemaOf(c table.Column, f columnFacts) schema {
	s := schema{Title: f.comment}
	name := nameOfType(c.Base)
	switch {
	case len(f.labels) > 0:
		name = "string"
		for _, label := range f.labels {
			s.Enum = append(s.Enum, label)
		}
	case c.Element != 0:
		name = "array"
		s.Items = &schema{}
		if item := nameOfType(c.Element); item != "" {
			s.Items.Type = []string{item, "null"}
		}
	default:
		s.Format = formats[c.Base]
		if (c.Base == pgtype.VarcharOID || c.Base == pgtype.BPCharOID) && c.Modifier > lengthHeader {
			s.MaxLength = c.Modifier - lengthHeader
		}
	}
	switch {
	case name == "":
	case c.Required:
		s.Type = name
	default:
		s.Type = []string{name, "null"}
	}
	return s
}

// allowNull adds null to the enum of a member that may be NULL.
func (s *schema) allowNull() {
	if _, nullable := s.Type.([]string); nullable && s.Enum != nil {
		s.Enum = append(s.Enum, nil)
	}
}

// nameOfType returns the JSON type of a Postgres type; empty for one that may be anything.
func nameOfType(oid uint32) string {
	switch name, known := types[oid]; {
	case known:
		return name
	case oid == pgtype.JSONOID || oid == pgtype.JSONBOID:
		return ""
	}
	return "string"
}
