package load

import (
	"encoding/binary"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/table"
)

// column is the column of a declared member. It encodes and checks the member's values.
type column struct {
	name string
	// member is the index of the value among the collection's properties.
	member   int
	required bool
	// typeName is the type as Postgres writes it, for messages.
	typeName string
	codec    codec
	// equal is the operator with which the unique index compares a column of the key, for use in SQL.
	equal string
	// base is the type below all domains. textForm reports whether values are sent as text because the
	// type has no codec.
	base     uint32
	textForm bool
	// baseName is the type below all domains as Postgres writes it, without its modifier.
	baseName string
	// isArray reports whether a column in text form is an array.
	isArray bool
	// itemOID is the type of a column in text form; of an array, that of its items.
	itemOID uint32
	// ofDocuments reports whether the array's items are JSON or JSONB, which keep their JSON text.
	ofDocuments bool
	// labels are the labels of an enum, for messages.
	labels []string
	// element is the codec of an array's elements and elementOID their type; 0 if the column is no
	// array.
	element    codec
	elementOID uint32
	// standard is the column's default, nil without one. standardSQL is its expression in the base type;
	// "" if it can differ from row to row.
	standard    *table.Default
	standardSQL string
	// length limits a character type, in characters; 0 means unlimited.
	length int
	// precision and scale are those of NUMERIC(precision, scale); precision 0 means unlimited.
	precision, scale int
	// fraction is the number of decimals of a second that a type of times keeps.
	fraction int
	// round reports whether a value is rounded that the column cannot keep; otherwise it is rejected.
	round bool
}

// nullLength is the length word of NULL.
const nullLength = ^uint32(0)

// appendField appends a field of a binary COPY row: a length word and the encoded value.
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

// appendSized appends the encoded value after a length word.
func (c *column) appendSized(dst, v []byte, encode func(*column, []byte, []byte) ([]byte, defect)) ([]byte, defect) {
	start := len(dst)
	dst, wrong := encode(c, append(dst, 0, 0, 0, 0), v)
	//nolint:gosec // a record is megabytes at most
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst, wrong
}

// form describes an acceptable value, for messages.
func (c *column) form() string {
	if c.elementOID != 0 {
		return "an array, each item null or " + c.element.form
	}
	return c.codec.form
}
