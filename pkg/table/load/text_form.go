package load

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// textFormCodec sends values of a type without a codec of its own as text, which the type's input
// function reads. What that function refuses is refused as a record.
var textFormCodec = codec{
	types: []string{jsonString, jsonInteger, jsonNumber, jsonBoolean, jsonArray}, form: "a value in the text form of the type", encode: encodeTextForm,
}

// encodeTextForm appends the content of a JSON string, or a number, boolean or array unchanged: ranges and
// vectors have the form of an array. A text with NUL has no form in Postgres.
func encodeTextForm(c *column, dst, v []byte) ([]byte, defect) {
	if v[0] == '[' && c.isArray {
		return c.encodeArrayText(dst, v)
	}
	if v[0] == '{' {
		return dst, wrongType
	}
	text := v
	if v[0] == '"' {
		var wrong defect
		if text, wrong = unquote(v); wrong != sound {
			return dst, wrong
		}
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return dst, malformed
	}
	return append(dst, text...), c.textDefect(text)
}

// textDefect returns the defect of a text that the type's input function would change without an error.
func (c *column) textDefect(text []byte) defect {
	const maxName = 63 // of the type name, in bytes
	switch c.itemOID {
	case pgtype.TimetzOID, pgtype.IntervalOID:
		_, fraction, _ := bytes.Cut(text, []byte{'.'})
		digits, _ := cutDigits(fraction)
		if len(bytes.TrimRight(digits, "0")) > c.fraction && !c.round {
			return inexact
		}
	case pgtype.NameOID:
		if len(text) > maxName {
			return tooLong
		}
	case pgtype.QCharOID:
		if len(text) > 1 {
			return tooLong
		}
	}
	return sound
}

// encodeArrayText appends a JSON array in the text form of an array. Nested arrays are dimensions, but for
// documents, which may be arrays themselves.
func (c *column) encodeArrayText(dst, v []byte) ([]byte, defect) {
	s, wrong := newShape(v)
	if c.ofDocuments {
		s, wrong = shape{dimensions: 1, lengths: [maxDimensions]int{-1}}, sound
	}
	if wrong != sound {
		return dst, wrong
	}
	return c.appendItemTexts(dst, v, &s, 0)
}

// appendItemTexts appends an array of a level.
func (c *column) appendItemTexts(dst, v []byte, s *shape, level int) ([]byte, defect) {
	var items []json.RawMessage
	if err := json.Unmarshal(v, &items); err != nil {
		return dst, wrongType
	}
	item := column{itemOID: c.itemOID, fraction: c.fraction, round: c.round}
	dst = append(dst, '{')
	for i, value := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		wrong := sound
		switch isArray := value[0] == '[' && !c.ofDocuments; {
		case isArray == s.isLeaf(level):
			return dst, ragged
		case isArray:
			dst, wrong = c.appendItemTexts(dst, value, s, level+1)
		case isNullLiteral(value):
			dst = append(dst, "NULL"...)
		case c.ofDocuments:
			dst = appendQuoted(dst, value)
		default:
			var text []byte
			text, wrong = encodeTextForm(&item, nil, value)
			dst = appendQuoted(dst, text)
		}
		if wrong != sound {
			return dst, wrong
		}
	}
	return append(dst, '}'), s.end(level, len(items))
}

// hasTextForm reports whether the column is declared and sent in text form.
func (t *Table) hasTextForm(name string) bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name && c.textForm })
}

// encodeBytes decodes hexadecimal digits after \x, as Postgres writes BYTEA, or base64. Base64 has no
// backslash.
func encodeBytes(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	var err error
	if digits, isHex := bytes.CutPrefix(text, []byte(`\x`)); isHex {
		dst, err = hex.AppendDecode(dst, digits)
	} else {
		dst, err = base64.StdEncoding.Strict().AppendDecode(dst, text)
	}
	if err != nil {
		return dst, malformed
	}
	return dst, sound
}
