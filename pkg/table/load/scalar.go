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

func encodeBool(_ *column, dst, v []byte) ([]byte, defect) {
	switch string(v) {
	case "true":
		return append(dst, 1), sound
	case "false":
		return append(dst, 0), sound
	default:
		return dst, wrongType
	}
}

// uuidLength is the length of a UUID with hyphens, the only form that JSON Schema's format allows.
const uuidLength = 36

func encodeUUID(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	id, err := uuid.ParseBytes(text)
	if err != nil || len(text) != uuidLength {
		return dst, malformed
	}
	return append(dst, id[:]...), sound
}

func encodeFloat4(_ *column, dst, v []byte) ([]byte, defect) {
	f, wrong := parseFloat(v, 32)
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(f))), wrong
}

func encodeFloat8(_ *column, dst, v []byte) ([]byte, defect) {
	f, wrong := parseFloat(v, 64)
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(f)), wrong
}

func parseFloat(v []byte, bits int) (float64, defect) {
	if len(bytes.Trim(v, "0123456789+-.eE")) > 0 { // strconv also accepts other forms of numbers
		return 0, wrongType
	}
	f, err := strconv.ParseFloat(string(v), bits)
	switch {
	case err == nil && f == 0 && !isZero(v):
		return 0, outOfRange // Postgres rejects a number that would become zero
	case err == nil:
		return f, sound
	case math.IsInf(f, 0):
		return 0, outOfRange
	default:
		return 0, wrongType
	}
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
