package load

import (
	"bytes"
	"encoding/binary"
)

// arrayHeader is the size of the header of a one-dimensional array: the number of dimensions, a
// flag for NULLs that Postgres ignores, the element's type, the dimension's length and its first
// index.
const arrayHeader = 20

// encodeArray encodes an array of scalars. The column's limits, such as the n of varchar(n)[],
// apply to its elements.
func encodeArray(c *column, dst, v []byte) ([]byte, defect) {
	if len(v) < 2 || v[0] != '[' || v[len(v)-1] != ']' {
		return dst, wrongType
	}
	start := len(dst)
	dst = append(dst, make([]byte, arrayHeader)...)
	count := uint32(0)
	for rest := skipBlanks(v[1 : len(v)-1]); len(rest) > 0; count++ {
		var item []byte
		var wrong defect
		if item, rest, wrong = cutItem(rest); wrong != sound {
			return dst, wrong
		}
		if isNullLiteral(item) {
			dst = binary.BigEndian.AppendUint32(dst, nullLength)
		} else if dst, wrong = c.appendSized(dst, item, c.element.encode); wrong != sound {
			return dst, wrong
		}
	}
	return c.putArrayHeader(dst, start, count), sound
}

// putArrayHeader writes the header. An empty array has no dimension.
func (c *column) putArrayHeader(dst []byte, start int, count uint32) []byte {
	words := [...]uint32{1, 0, c.elementOID, count, 1}
	header := words[:]
	if count == 0 {
		words[0], header = 0, words[:3]
		dst = dst[:start+len(header)*4]
	}
	for i, word := range header {
		binary.BigEndian.PutUint32(dst[start+i*4:], word)
	}
	return dst
}

// cutItem splits list after its first item and the following comma.
func cutItem(list []byte) (item, rest []byte, wrong defect) {
	end := itemEnd(list)
	if end == 0 {
		return nil, nil, wrongType
	}
	item, rest = list[:end], skipBlanks(list[end:])
	if len(rest) == 0 {
		return item, rest, sound
	}
	if rest[0] != ',' {
		return nil, nil, wrongType
	}
	if rest = skipBlanks(rest[1:]); len(rest) == 0 {
		return nil, nil, wrongType
	}
	return item, rest, sound
}

// itemEnd returns the end of the scalar at the start of list; 0 if list does not start with a
// scalar.
func itemEnd(list []byte) int {
	switch list[0] {
	case '"':
		return stringEnd(list)
	case '[', '{':
		return 0
	}
	if end := bytes.IndexAny(list, ", \t\r\n"); end >= 0 {
		return end
	}
	return len(list)
}

// stringEnd returns the end of the JSON string at the start of list; 0 if the string does not end.
func stringEnd(list []byte) int {
	for i := 1; i < len(list); i++ {
		switch list[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

func skipBlanks(v []byte) []byte {
	for len(v) > 0 && (v[0] == ' ' || v[0] == '\t' || v[0] == '\r' || v[0] == '\n') {
		v = v[1:]
	}
	return v
}
