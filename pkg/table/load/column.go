package load

import (
	"encoding/binary"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
)

// column is a declared member's column: how its values are encoded and what it refuses.
type column struct {
	name string
	// member is the place of the value among the collection's properties.
	member   int
	required bool
	// typeName is the column's type as Postgres writes it, for messages.
	typeName string
	codec    codec
	// element is the codec of an array's elements, elementOID their type.
	element    codec
	elementOID uint32
	// length is the limit of a character type in characters; 0 means none.
	length int
	// precision and scale are those of NUMERIC(precision, scale); precision 0 means none.
	precision, scale int
}

// codec is how a JSON value becomes a value of a Postgres type in its binary form.
type codec struct {
	// types are the JSON types that the column takes; empty means any.
	types []string
	// form says what is expected, for messages.
	form string
	// key: two values are equal in Postgres if and only if their encodings are.
	key bool
	// encode appends the value's binary form. v is neither empty nor null.
	encode func(c *column, dst, v []byte) ([]byte, defect)
}

// nullLength is the length word of NULL.
const nullLength = ^uint32(0)

// appendField appends the value of one column as a row of binary COPY has it: a length word and that many bytes.
func (c *column) appendField(dst []byte, v jsontext.Value) ([]byte, defect) {
	if len(v) == 0 || isNullLiteral(v) {
		if c.required {
			return dst, isNull
		}
		return binary.BigEndian.AppendUint32(dst, nullLength), sound
	}
	return c.appendSized(dst, v, c.codec.encode)
}

func isNullLiteral(v []byte) bool { return string(v) == "null" }

// appendSized puts the length word before what encode appends.
func (c *column) appendSized(dst, v []byte, encode func(*column, []byte, []byte) ([]byte, defect)) ([]byte, defect) {
	start := len(dst)
	dst, wrong := encode(c, append(dst, 0, 0, 0, 0), v)
	//nolint:gosec // a record is megabytes at most
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst, wrong
}

// defect is why a value does not go into its column.
type defect byte

const (
	sound defect = iota
	isNull
	wrongType
	outOfRange
	tooLong
	malformed
)

// Codes of the reasons why a record does not go into the table, found before it is sent or by Postgres.
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
	CodeUnspecified = "refused-by-database"
)

// reason explains the defect of a value of this column.
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

// form says what the column takes.
func (c *column) form() string {
	if c.elementOID != 0 {
		return "an array, each item null or " + c.element.form
	}
	return c.codec.form
}

// pointer is the JSON Pointer (RFC 6901) to a member of the record.
func pointer(member string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(member)
}
