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

// isString reports whether v has the quotes of a JSON string.
func isString(v []byte) bool {
	return len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"'
}

// encodeText takes a JSON string. Most have no escapes and are copied as they are.
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

// unquoted returns the text of a JSON string, which is v's own memory unless it has escapes.
func unquoted(v []byte) ([]byte, defect) {
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

// uuidLength is that of the form with hyphens, the only one that JSON Schema's format knows.
const uuidLength = 36

func encodeUUID(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquoted(v)
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
	if len(bytes.Trim(v, "0123456789+-.eE")) > 0 { // strconv takes other forms of numbers too
		return 0, wrongType
	}
	f, err := strconv.ParseFloat(string(v), bits)
	switch {
	case err == nil:
		return f, sound
	case math.IsInf(f, 0):
		return 0, outOfRange
	default:
		return 0, wrongType
	}
}

// encodeJSON passes the value on as it was sent.
func encodeJSON(_ *column, dst, v []byte) ([]byte, defect) {
	return append(dst, v...), sound
}

// jsonbVersion is the first byte of JSONB's binary form, of which there is one.
const jsonbVersion = 1

func encodeJSONB(_ *column, dst, v []byte) ([]byte, defect) {
	return append(append(dst, jsonbVersion), v...), sound
}
