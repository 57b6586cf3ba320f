package schema

import "bytes"

// The functions of this file require well-formed JSON.

// space returns the position of the first byte from pos on that is not white space.
func space(b []byte, pos int) int {
	for b[pos] == ' ' || b[pos] == '\n' || b[pos] == '\r' || b[pos] == '\t' {
		pos++
	}
	return pos
}

// next returns the position of the next item or member after the one that ends at pos, or of the
// closing bracket.
func next(b []byte, pos int) int {
	if pos = space(b, pos); b[pos] == ',' {
		return space(b, pos+1)
	}
	return pos
}

// skip returns the position after the value at pos.
func skip(b []byte, pos int) int {
	switch b[pos] {
	case '"':
		return skipString(b, pos)
	case '{', '[':
		return skipNested(b, pos)
	default:
		for !endsScalar(b[pos]) {
			pos++
		}
		return pos
	}
}

// endsScalar reports whether a number or a literal within an object or array ends before c.
func endsScalar(c byte) bool { return c <= ' ' || c == ',' || c == ']' || c == '}' }

func skipString(b []byte, pos int) int {
	for pos++; ; pos++ {
		pos += bytes.IndexByte(b[pos:], '"')
		backslashes := 0
		for b[pos-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return pos + 1
		}
	}
}

func skipNested(b []byte, pos int) int {
	for depth := 0; ; pos++ {
		switch b[pos] {
		case '"':
			pos = skipString(b, pos) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return pos + 1
			}
		}
	}
}
