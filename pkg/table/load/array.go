package load

import (
	"bytes"
	"encoding/binary"
)

// The header of an array: the number of dimensions, a flag for NULLs that Postgres ignores, the element's
// type, and for each dimension its length and its first index.
const (
	arrayHeader     = 12
	dimensionHeader = 8
	// maxDimensions is the limit of Postgres.
	maxDimensions = 6
)

// shape is the shape of an array: the lengths of its dimensions, of which Postgres needs all arrays of one
// level to have the same.
type shape struct {
	dimensions int
	lengths    [maxDimensions]int // -1 until the first array of the level has ended
}

// newShape returns the shape of an array with as many dimensions as array begins with brackets.
func newShape(array []byte) (s shape, wrong defect) {
	for rest := array; len(rest) > 0 && rest[0] == '['; rest = skipBlanks(rest[1:]) {
		if s.dimensions == maxDimensions {
			return s, ragged
		}
		s.lengths[s.dimensions] = -1
		s.dimensions++
	}
	return s, sound
}

// end reports whether an array of the level may end after so many items.
func (s *shape) end(level, items int) defect {
	if s.lengths[level] < 0 {
		s.lengths[level] = items
	}
	if s.lengths[level] != items || items == 0 && s.dimensions > 1 {
		return ragged
	}
	return sound
}

// isLeaf reports whether the items of the level are no arrays.
func (s *shape) isLeaf(level int) bool { return level == s.dimensions-1 }

// encodeArray encodes an array of scalars. Nested arrays become further dimensions. The column's limits, such
// as the n of varchar(n)[], apply to its elements.
func encodeArray(c *column, dst, v []byte) ([]byte, defect) {
	if len(v) < 2 || v[0] != '[' || v[len(v)-1] != ']' {
		return dst, wrongType
	}
	s, wrong := newShape(v)
	if wrong != sound {
		return dst, wrong
	}
	start := len(dst)
	dst = append(dst, make([]byte, arrayHeader+s.dimensions*dimensionHeader)...)
	if dst, wrong = c.appendItems(dst, v, &s, 0); wrong != sound {
		return dst, wrong
	}
	return c.putArrayHeader(dst, start, s), sound
}

// appendItems appends the items of an array of a level.
func (c *column) appendItems(dst, array []byte, s *shape, level int) ([]byte, defect) {
	items := 0
	for rest := skipBlanks(array[1 : len(array)-1]); len(rest) > 0; items++ {
		item, next, wrong := cutItem(rest)
		if wrong != sound {
			return dst, wrong
		}
		switch isArray := item[0] == '['; {
		case isArray == s.isLeaf(level):
			return dst, ragged
		case isArray:
			dst, wrong = c.appendItems(dst, item, s, level+1)
		case isNullLiteral(item):
			dst = binary.BigEndian.AppendUint32(dst, nullLength)
		default:
			dst, wrong = c.appendSized(dst, item, c.element.encode)
		}
		if wrong != sound {
			return dst, wrong
		}
		rest = next
	}
	return dst, s.end(level, items)
}

// putArrayHeader writes the header. An empty array has no dimension.
func (c *column) putArrayHeader(dst []byte, start int, s shape) []byte {
	if s.lengths[0] == 0 {
		dst, s.dimensions = dst[:start+arrayHeader], 0
	}
	words := []uint32{uint32(s.dimensions), 0, c.elementOID} //nolint:gosec // at most 6
	for _, length := range s.lengths[:s.dimensions] {
		words = append(words, uint32(length), 1) //nolint:gosec // the items of a record
	}
	for i, word := range words {
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

// itemEnd returns the end of the scalar or array at the start of list; 0 if list starts with neither.
func itemEnd(list []byte) int {
	switch list[0] {
	case '"':
		return stringEnd(list)
	case '[':
		return arrayEnd(list)
	case '{':
		return 0
	}
	if end := bytes.IndexAny(list, ", \t\r\n"); end >= 0 {
		return end
	}
	return len(list)
}

// arrayEnd returns the end of the array at the start of list; 0 if the array does not end.
func arrayEnd(list []byte) int {
	open := 0
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case '"':
			end := stringEnd(list[i:])
			if end == 0 {
				return 0
			}
			i += end - 1
		case '[':
			open++
		case ']':
			open--
			if open == 0 {
				return i + 1
			}
		}
	}
	return 0
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
