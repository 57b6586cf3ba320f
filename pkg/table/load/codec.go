package load

import (
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/table"
)

// codec encodes JSON values of one Postgres type in the type's binary format.
type codec struct {
	// types are the JSON types that the codec accepts; empty means any.
	types []string
	// form describes an acceptable value, for messages.
	form string
	// key reports whether two values are equal in Postgres if and only if their encodings are, provided that
	// their collation is deterministic. Otherwise Postgres compares the keys of a batch.
	key bool
	// encode appends the encoded value to dst. v is neither empty nor null.
	encode func(c *column, dst, v []byte) ([]byte, defect)
}

// The names of JSON Schema's types.
const (
	jsonString  = "string"
	jsonInteger = "integer"
	jsonNumber  = "number"
	jsonBoolean = "boolean"
	jsonArray   = "array"
)

// Parts of codecs that several types share.
var (
	textCodec    = codec{types: []string{jsonString}, form: "a string", key: true, encode: encodeText}
	documentForm = "a JSON value"
	numbers      = []string{jsonInteger, jsonNumber, jsonString}
)

// codecs maps the OID of each type that is sent in its binary format to its codec. A type without key has equal
// values with different encodings: char(n) ignores trailing blanks, 1.0 and 1.00 are the same NUMERIC.
var codecs = map[uint32]codec{
	pgtype.TextOID:    textCodec,
	pgtype.VarcharOID: textCodec,
	pgtype.BPCharOID:  {types: textCodec.types, form: textCodec.form, encode: encodeText},

	pgtype.Int2OID: {types: numbers, form: "an integer", key: true, encode: encodeInt2},
	pgtype.Int4OID: {types: numbers, form: "an integer", key: true, encode: encodeInt4},
	pgtype.Int8OID: {types: numbers, form: "an integer", key: true, encode: encodeInt8},

	pgtype.NumericOID: {types: numbers, form: "a number", encode: encodeNumeric},
	pgtype.Float4OID:  {types: numbers, form: "a number", encode: encodeFloat4},
	pgtype.Float8OID:  {types: numbers, form: "a number", encode: encodeFloat8},

	pgtype.BoolOID: {types: []string{jsonBoolean, jsonString}, form: "true or false", key: true, encode: encodeBool},
	pgtype.UUIDOID: {types: []string{jsonString}, form: "a UUID such as 123e4567-e89b-12d3-a456-426614174000", key: true, encode: encodeUUID},
	pgtype.DateOID: {types: []string{jsonString}, form: "a date such as 2026-01-31", key: true, encode: encodeDate},
	pgtype.TimeOID: {types: []string{jsonString}, form: "a time of day such as 12:30:00", key: true, encode: encodeTime},
	pgtype.TimestamptzOID: {
		types: []string{jsonString}, form: "a timestamp with its offset, such as 2026-01-31T12:30:00Z", key: true, encode: encodeTimestamptz,
	},
	pgtype.TimestampOID: {types: []string{jsonString}, form: "a timestamp such as 2026-01-31T12:30:00", key: true, encode: encodeTimestamp},

	pgtype.ByteaOID: {types: []string{jsonString}, form: `a string of hexadecimal digits after \x, or of base64`, key: true, encode: encodeBytes},

	pgtype.JSONOID:  {form: documentForm, encode: encodeJSON},
	pgtype.JSONBOID: {form: documentForm, encode: encodeJSONB},
}

// arrayCodec encodes an array whose elements have a codec.
var arrayCodec = codec{types: []string{jsonArray}, encode: encodeArray}

// setCodec sets the codec of the column's type. A type that has none is sent in its text form.
func (c *column) setCodec(definition table.Column) {
	c.base = definition.Base
	if definition.Enum {
		c.codec = codec{types: textCodec.types, form: "one of the type's labels", key: true, encode: encodeText}
		c.labels = definition.Labels
		return
	}
	if scalar, ok := codecs[definition.Base]; ok {
		c.codec = scalar
		return
	}
	element, ok := codecs[definition.Element]
	if !ok || len(element.types) == 0 {
		c.codec, c.textForm, c.isArray = textFormCodec, true, definition.Element != 0
		c.ofDocuments = definition.Element == pgtype.JSONOID || definition.Element == pgtype.JSONBOID
		c.itemOID = definition.Base
		if c.isArray {
			c.itemOID = definition.Element
		}
		return
	}
	c.codec, c.element, c.elementOID = arrayCodec, element, definition.Element
	c.codec.key = element.key
}

// scalar returns the type of the column's values; of an array, that of its elements.
func (c *column) scalar() uint32 {
	switch {
	case c.elementOID != 0:
		return c.elementOID
	case c.textForm:
		return c.itemOID
	}
	return c.base
}

// setLimits decodes the type modifier. That of a time is the number of its decimals. That of another type
// is 4 more than the declared limit (varchar_recv, numeric_recv). An array has the modifier of its elements.
func (c *column) setLimits(definition table.Column) {
	const header, scaleBits = 4, 0x7ff
	c.fraction = maxFraction
	declared := definition.Modifier - header
	switch c.scalar() {
	case pgtype.TimeOID, pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.TimetzOID:
		if definition.Modifier >= 0 {
			c.fraction = definition.Modifier
		}
	case pgtype.VarcharOID, pgtype.BPCharOID:
		c.length = max(declared, 0)
	case pgtype.NumericOID:
		if declared < 0 {
			return
		}
		c.precision = declared >> 16
		c.scale = (declared&scaleBits ^ (scaleBits+1)/2) - (scaleBits+1)/2 // the highest bit is a sign
	}
}
