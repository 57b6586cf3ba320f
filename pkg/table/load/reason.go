package load

import (
	"github.com/go-json-experiment/json/jsontext"

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
	CodeCheck       = "check-violation"
	CodeForeignKey  = "foreign-key-violation"
	CodeUnique      = "unique-violation"
	CodeExclusion   = "exclusion-violation"
	CodeNotAllowed  = "not-allowed"
	CodeUnspecified = "refused-by-database"
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
	case wrongType, sound:
		r.Code, r.Message = CodeType, "the column's type "+c.typeName+" needs "+c.form()
	}
	return r
}

// pointer returns the JSON Pointer (RFC 6901) of a member of the record.
func pointer(member string) string {
	return string(jsontext.Pointer("").AppendToken(member))
}
