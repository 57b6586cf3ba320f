package record

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// traits are the properties of a string other than plain text.
type traits uint8

const (
	// escaped: at least one backslash, so the text differs from the bytes.
	escaped traits = 1 << iota
	// invalidUTF8: bytes that are not UTF-8 (RFC 3629), including overlong forms and encoded
	// surrogates.
	invalidUTF8
	// loneSurrogate: half of a surrogate pair without the other, which no encoding can represent
	// (RFC 7493 section 2.1).
	loneSurrogate
	// nulCharacter: U+0000, which Postgres can store neither in text nor in jsonb.
	nulCharacter
	// broken: not valid JSON from the returned position on.
	broken
)

// unescape returns the text of a valid string; quoted includes the quotes.
func unescape(quoted []byte, found traits) []byte {
	if found&escaped == 0 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // valid, so there is no error
	return text
}

// scanString scans the string whose opening quote is at pos and returns the position after the
// closing quote.
func scanString(b []byte, pos int) (int, traits) {
	end := plain(b, pos+1)
	if end < len(b) && b[end] == '"' {
		return end + 1, 0
	}
	return scanText(b, end)
}

// scanText continues a scan at the first byte that is not plain.
func scanText(b []byte, pos int) (int, traits) {
	var found traits
	for pos < len(b) {
		switch c := b[pos]; {
		case c == '"':
			return pos + 1, found
		case c == '\\':
			size, trait := scanEscape(b[pos:])
			found |= escaped | trait
			if trait == broken {
				return pos, found
			}
			pos += size
		case c < ' ':
			return pos, found | broken
		case c < utf8.RuneSelf:
			pos = plain(b, pos)
		default:
			r, size := utf8.DecodeRune(b[pos:])
			if r == utf8.RuneError && size == 1 {
				found |= invalidUTF8
			}
			pos += size
		}
	}
	return pos, found | broken
}

// scanEscape returns the size of the escape sequence at the start of b (RFC 8259 section 7).
func scanEscape(b []byte) (int, traits) {
	if len(b) < 2 {
		return 0, broken
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, 0
	}
	unit, ok := codeUnit(b)
	switch {
	case !ok:
		return 0, broken
	case unit == 0:
		return 6, nulCharacter
	case !utf16.IsSurrogate(unit):
		return 6, 0
	}
	if low, ok := codeUnit(b[6:]); ok && utf16.DecodeRune(unit, low) != utf8.RuneError {
		return 12, 0
	}
	return 6, loneSurrogate
}

// codeUnit parses the UTF-16 code unit at the start of b: a backslash, u and four hexadecimal
// digits.
func codeUnit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var unit rune
	for _, c := range b[2:6] {
		switch {
		case isDigit(c):
			unit = unit<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			unit = unit<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}

// Words of eight equal bytes.
const (
	ones     = 0x0101010101010101
	highBits = 0x80 * ones
	quotes   = '"' * ones
	slashes  = '\\' * ones
	spaces   = ' ' * ones
)

// plain returns the position of the first byte at or after pos that is a quote, a backslash or not
// printable ASCII; len(b) if there is none. It tests eight bytes at a time: the terms of special
// have the high bit set in each byte that is below a space, a quote, a backslash or beyond ASCII. A
// borrow can set further bits, but only above the first such byte.
func plain(b []byte, pos int) int {
	for ; pos+8 <= len(b); pos += 8 {
		w := binary.LittleEndian.Uint64(b[pos:])
		q, s := w^quotes, w^slashes
		special := (w-spaces)&^w | (q-ones)&^q | (s-ones)&^s | w
		if special &= highBits; special != 0 {
			return pos + bits.TrailingZeros64(special)/8
		}
	}
	for pos < len(b) && b[pos] >= ' ' && b[pos] != '"' && b[pos] != '\\' && b[pos] < utf8.RuneSelf {
		pos++
	}
	return pos
}
