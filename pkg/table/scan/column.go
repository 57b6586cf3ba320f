package scan

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// column is the column of a declared member.
type column struct {
	name string
	// quoted is the name in SQL and label the name in JSON with its colon.
	quoted, label string
	// base is the type below all domains and typeName its SQL without limits of length or scale.
	base     uint32
	typeName string
	enum     bool
	// element is the type of an array's items; 0 if the column is no array.
	element     uint32
	elementName string
	// asText reports whether numbers and booleans become strings, because the member allows nothing else.
	asText bool
}

func newColumn(d table.Column, p collection.Property) column {
	label, _ := jsontext.AppendQuote(nil, d.Name) // a name of the catalog is valid UTF-8
	return column{
		name: d.Name, quoted: pgx.Identifier{d.Name}.Sanitize(), label: string(label) + ":",
		base: d.Base, typeName: d.BaseName, enum: d.Enum, element: d.Element, elementName: d.ElementName,
		asText: needsText(d.Base, p.Types) || needsText(d.Element, p.Items),
	}
}

// needsText reports whether values of a type have to become strings to be of one of the JSON types.
func needsText(oid uint32, jsonTypes []string) bool {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID, pgtype.BoolOID:
		return slices.Contains(jsonTypes, "string") && !slices.ContainsFunc(jsonTypes, func(name string) bool {
			return name == "integer" || name == "number" || name == "boolean"
		})
	}
	return false
}

func isText(oid uint32) bool {
	return oid == pgtype.TextOID || oid == pgtype.VarcharOID || oid == pgtype.BPCharOID
}

// hasText reports whether a search for words includes the column.
func (c column) hasText() bool { return isText(c.base) || isText(c.element) || c.enum }

// words returns the SQL of the text that a search for words finds in the column.
func (c column) words() string {
	if c.element != 0 {
		return "array_to_string(" + c.quoted + ", ' ')"
	}
	return c.quoted + "::text"
}

func (c column) isDocument() bool { return c.base == pgtype.JSONOID || c.base == pgtype.JSONBOID }

func (c column) isInteger() bool {
	return c.base == pgtype.Int2OID || c.base == pgtype.Int4OID || c.base == pgtype.Int8OID
}

// firstUserType is the first OID of types that are not built in (FirstNormalObjectId). Some of them
// have another form in JSON than the text that imports take: composite types and hstore become objects.
const firstUserType = 16384

// json returns the SQL of the column's value as JSON, of the form that imports take. Numbers keep their
// digits.
func (c column) json() string {
	ofUser := c.base >= firstUserType && !c.enum
	switch {
	case c.isDocument():
		return c.quoted + "::text"
	case (ofUser || c.asText) && c.element != 0:
		return "to_json(" + c.quoted + "::text[])::text"
	case ofUser || c.asText:
		return "to_json(" + c.quoted + "::text)::text"
	default:
		return "to_json(" + c.quoted + ")::text"
	}
}
