package load

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// isString reports whether v is enclosed in the quotes of a JSON string.
func isString(v []byte) bool {
	return len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"'
}

// encodeText encodes a JSON string. Most strings have no escapes and are copied unchanged.
func encodeText(c *column, dst, v []byte) ([]byte, defect) {
	if !isString(v) {
		return dst, wrongType
	}
	start := len(dst)
	if inner := v[1 : len(v)-1]; bytes.IndexByte(inner, '\\') < 0 {
		dst = append(dst, inner...)
	} else {
		var err error
		if dst, err = jsontext.AppendUnquote(dst, v); err != nil {
			return dst, malformed
		}
	}
	if c.length > 0 && len(dst)-start > c.length && utf8.RuneCount(dst[start:]) > c.length {
		return dst, tooLong
	}
	return dst, sound
}

// unquote returns the text of a JSON string. The text shares v's memory unless v has escapes.
func unquote(v []byte) ([]byte, defect) {
	if !isString(v) {
		return nil, wrongType
	}
	inner := v[1 : len(v)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, sound
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return nil, malformed
	}
	return text, sound
}

// encodeBool also encodes the texts of Postgres: t, f, true and false, in upper or lower case.
func encodeBool(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := v, wrongType
	if isString(v) {
		if text, wrong = unquote(v); wrong != sound {
			return dst, wrong
		}
		text, wrong = bytes.ToLower(text), malformed
	}
	switch short := len(text) == 1 && isString(v); {
	case string(text) == "true" || short && text[0] == 't':
		return append(dst, 1), sound
	case string(text) == "false" || short && text[0] == 'f':
		return append(dst, 0), sound
	}
	return dst, wrong
}

// The lengths of a UUID with and without its four hyphens.
const (
	uuidLength      = 36
	uuidPlainLength = 32
)

// encodeUUID takes 32 digits with or without hyphens, and braces around them.
func encodeUUID(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	if n := len(text); n > 1 && text[0] == '{' && text[n-1] == '}' {
		text = text[1 : n-1]
	}
	id, err := uuid.ParseBytes(text)
	if err != nil || len(text) != uuidLength && len(text) != uuidPlainLength {
		return dst, malformed
	}
	return append(dst, id[:]...), sound
}

func encodeFloat4(c *column, dst, v []byte) ([]byte, defect) {
	f, wrong := c.parseFloat(v, 32)
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(f))), wrong
}

func encodeFloat8(c *column, dst, v []byte) ([]byte, defect) {
	f, wrong := c.parseFloat(v, 64)
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(f)), wrong
}

// parseFloat parses a number, or a text that names one that is not finite. Of other numbers it rejects
// those that a float of so many bits cannot keep: a number that would become zero or infinite, and one
// beyond the range in which the type has every integer, unless the float has the same value with as many
// digits. Smaller numbers, such as 0.1, become the nearest float, which is the purpose of the type.
func (c *column) parseFloat(v []byte, bits int) (float64, defect) {
	text, wrong := numberText(v)
	if f, ok := infinite[string(text)]; ok && isString(v) {
		return f, sound
	}
	if wrong != sound || len(bytes.Trim(text, "0123456789+-.eE")) > 0 { // strconv also accepts other forms of numbers
		return 0, wrongType
	}
	f, err := strconv.ParseFloat(string(text), bits)
	switch {
	case err == nil && f == 0 && !isZero(text):
		return 0, outOfRange // Postgres rejects a number that would become zero
	case err == nil && !c.round && !keepsDigits(f, bits, text):
		return f, inexact
	case err == nil:
		return f, sound
	case math.IsInf(f, 0):
		return 0, outOfRange
	default:
		return 0, wrongType
	}
}

// infinite are the numbers that JSON does not have, as Postgres writes them.
var infinite = map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}

// keepsDigits reports whether f, rounded to as many digits as number has, is number, or is so small that
// this does not matter.
func keepsDigits(f float64, bits int, number []byte) bool {
	limit := float64(1 << 53)
	if bits == 32 {
		limit = 1 << 24
	}
	if math.Abs(f) < limit {
		return true
	}
	given, ok := parseDecimal(number)
	kept, _ := parseDecimal(strconv.AppendFloat(nil, f, 'e', max(0, len(given.digits)-1), 64))
	return ok && bytes.Equal(kept.digits, given.digits) && kept.point == given.point
}

// isZero reports whether all digits of a number are zero, apart from those of its exponent.
func isZero(number []byte) bool {
	mantissa := number
	if i := bytes.IndexAny(number, "eE"); i >= 0 {
		mantissa = number[:i]
	}
	return !bytes.ContainsAny(mantissa, "123456789")
}

// encodeJSON copies the value unchanged.
func encodeJSON(_ *column, dst, v []byte) ([]byte, defect) {
	return append(dst, v...), sound
}

// jsonbVersion is the first byte of JSONB's binary format. Only version 1 exists.
const jsonbVersion = 1

func encodeJSONB(_ *column, dst, v []byte) ([]byte, defect) {
	return append(append(dst, jsonbVersion), v...), sound
}
