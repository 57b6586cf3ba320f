package load

import "github.com/jackc/pgx/v5/pgtype"

// JSON Schema's names of the types.
const (
	jsonString  = "string"
	jsonInteger = "integer"
	jsonNumber  = "number"
	jsonBoolean = "boolean"
	jsonArray   = "array"
)

// The codecs that several types share.
var (
	textCodec    = codec{types: []string{jsonString}, form: "a string", key: true, encode: encodeText}
	documentForm = "a JSON value"
	numbers      = []string{jsonInteger, jsonNumber}
)

// codecs are the supported types by their OID. A type without key has values that are equal and yet differ in their
// encoding (char(n) ignores blanks at the end, 1.0 and 1.00 are the same NUMERIC), or is no use as a key.
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

	pgtype.BoolOID: {types: []string{jsonBoolean}, form: "true or false", encode: encodeBool},
	pgtype.UUIDOID: {types: []string{jsonString}, form: "a UUID of 36 characters", key: true, encode: encodeUUID},
	pgtype.DateOID: {types: []string{jsonString}, form: "a date such as 2026-01-31", key: true, encode: encodeDate},
	pgtype.TimeOID: {types: []string{jsonString}, form: "a time of day such as 12:30:00", encode: encodeTime},
	pgtype.TimestamptzOID: {
		types: []string{jsonString}, form: "a timestamp with its offset, such as 2026-01-31T12:30:00Z", encode: encodeTimestamptz,
	},
	pgtype.TimestampOID: {types: []string{jsonString}, form: "a timestamp such as 2026-01-31T12:30:00Z", encode: encodeTimestamp},

	pgtype.JSONOID:  {form: documentForm, encode: encodeJSON},
	pgtype.JSONBOID: {form: documentForm, encode: encodeJSONB},
}

// arrayCodec is that of a one-dimensional array whose elements have a codec.
var arrayCodec = codec{types: []string{jsonArray}, encode: encodeArray}
