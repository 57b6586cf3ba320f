package load

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The codes of the reasons why a record is rejected, either by Batch.Add or by Postgres. Clients
// rely on them.
const (
	CodeNotNull     = "not-null-violation"
	CodeType        = "type-mismatch"
	CodeOutOfRange  = "value-out-of-range"
	CodeTooLong     = "value-too-long"
	CodeInvalid     = "invalid-value"
	CodeInexact     = "inexact-value"
	CodeCheck       = "check-violation"
	CodeNoPartition = "no-partition"
	CodeForeignKey  = "foreign-key-violation"
	CodeUnique      = "unique-violation"
	CodeExclusion   = "exclusion-violation"
	CodeNotAllowed  = "not-allowed"
	CodeUnspecified = "refused-by-database"
)

// The codes of the reasons why a lookup rejects a record. A row that is missing may be written by another import or a
// later chunk.
const (
	CodeLookupMissing    = "lookup-missing"
	CodeLookupAmbiguous  = "lookup-ambiguous"
	CodeLookupIncomplete = "lookup-incomplete"
	CodeLookupConflict   = "lookup-conflict"
)

// defect is the reason why a value cannot be encoded for its column.
type defect byte

const (
	sound defect = iota
	isNull
	wrongType
	outOfRange
	tooLong
	malformed
	// inexact is a value that the column would change: round it, or send another one.
	inexact
	// zoned is a time with an offset for a column without a time zone.
	zoned
	// ragged is an array whose nested arrays have different lengths, or too many dimensions.
	ragged
)

// reason describes the defect of a value of this column.
func (c *column) reason(wrong defect) operation.Reason {
	r := operation.Reason{Pointer: pointer(c.name)}
	switch wrong {
	case isNull:
		r.Code, r.Message = CodeNotNull, "a value is needed: the column does not take NULL"
	case outOfRange:
		r.Code, r.Message = CodeOutOfRange, "the value does not fit the column's type "+c.typeName
	case tooLong:
		r.Code, r.Message = CodeTooLong, "the text is longer than the column's type "+c.typeName+" allows"
	case malformed:
		r.Code, r.Message = CodeInvalid, "the column's type "+c.typeName+" needs "+c.form()
	case inexact:
		r.Code, r.Message = CodeInexact, c.inexactness()
	case zoned:
		r.Code, r.Message = CodeInvalid, "the column has no time zone: send the time without one"
	case ragged:
		r.Code, r.Message = CodeInvalid, "nested arrays need equal lengths, at least one item, and at most 6 dimensions, to become an array of the column's type "+c.typeName
	case wrongType, sound:
		r.Code, r.Message = CodeType, "the column's type "+c.typeName+" needs "+c.form()
	}
	return r
}

// inexactness says why the column would change a value.
func (c *column) inexactness() string {
	const remedy = ": send fewer, or let the collection round with x-longshore.round"
	switch c.scalar() {
	case pgtype.NumericOID:
		return fmt.Sprintf("the number has more decimals than the scale %d of the column's type %s"+remedy, c.scale, c.typeName)
	case pgtype.Float4OID, pgtype.Float8OID:
		return "the number has more digits than the column's type " + c.typeName + " keeps" + remedy
	}
	return fmt.Sprintf("the time has more than the %d decimals of a second that the column's type %s keeps"+remedy, c.fraction, c.typeName)
}

// pointer returns the JSON Pointer (RFC 6901) of a member of the record.
func pointer(member string) string {
	return string(jsontext.Pointer("").AppendToken(member))
}
