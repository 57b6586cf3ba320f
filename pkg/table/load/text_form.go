package load

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// textFormCodec sends values of a type without a codec of its own as text, which the type's input
// function reads. What that function refuses is refused as a record.
var textFormCodec = codec{types: []string{jsonString, jsonInteger, jsonNumber, jsonBoolean}, form: "a value in the text form of the type", encode: encodeTextForm}

// encodeTextForm appends the content of a JSON string, or a number or boolean unchanged. A text with
// NUL has no form in Postgres.
func encodeTextForm(c *column, dst, v []byte) ([]byte, defect) {
	if v[0] == '[' && c.isArray {
		return c.appendArrayText(dst, v)
	}
	if v[0] == '[' || v[0] == '{' {
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
	return append(dst, text...), sound
}

// appendArrayText appends a JSON array in the text form of an array. Nested arrays are dimensions.
func (c *column) appendArrayText(dst, v []byte) ([]byte, defect) {
	var items []json.RawMessage
	if err := json.Unmarshal(v, &items); err != nil {
		return dst, wrongType
	}
	dst = append(dst, '{')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		var wrong defect
		switch {
		case isNullLiteral(item):
			dst = append(dst, "NULL"...)
		case c.ofDocuments:
			dst = appendQuoted(dst, item)
		case item[0] == '[':
			if dst, wrong = c.appendArrayText(dst, item); wrong != sound {
				return dst, wrong
			}
		default:
			var text []byte
			if text, wrong = encodeTextForm(&column{}, nil, item); wrong != sound {
				return dst, wrong
			}
			dst = appendQuoted(dst, text)
		}
	}
	return append(dst, '}'), sound
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

// format returns the format in which rows are sent: text if a column has no codec of its own.
func (t *Table) format() int16 {
	if t.textual {
		return pgx.TextFormatCode
	}
	return pgx.BinaryFormatCode
}

// texts converts the fields of an encoded row to texts.
type texts struct {
	table *Table
	types *pgtype.Map
}

// fieldText returns the text of a field with its length word; ok is false for NULL.
func (x *texts) fieldText(field int, value []byte) (text []byte, ok bool) {
	if binary.BigEndian.Uint32(value) == nullLength {
		return nil, false
	}
	value = value[4:]
	if field < x.table.bookkeeping {
		if len(value) == 4 {
			return strconv.AppendInt(nil, int64(readInt(value)), 10), true
		}
		return strconv.AppendUint(nil, binary.BigEndian.Uint64(value), 10), true
	}
	c := &x.table.columns[field-x.table.bookkeeping]
	switch {
	case c.textForm || c.labels != nil:
		return value, true
	case c.base == pgtype.JSONBOID:
		return value[1:], true
	case c.base == pgtype.JSONOID || c.base == pgtype.TextOID || c.base == pgtype.VarcharOID || c.base == pgtype.BPCharOID:
		return value, true
	}
	return x.convert(c.base, value), true
}

// convert converts the binary form of a type that has a codec.
func (x *texts) convert(oid uint32, value []byte) []byte {
	known, ok := x.types.TypeForOID(oid)
	if !ok {
		panic(fmt.Sprintf("type %d has a codec but is unknown to the driver", oid))
	}
	decoded, err := known.Codec.DecodeValue(x.types, oid, pgx.BinaryFormatCode, value)
	if err == nil {
		value, err = x.types.Encode(oid, pgx.TextFormatCode, decoded, nil)
	}
	if err != nil {
		panic(fmt.Sprintf("the encoded value of type %d cannot be decoded: %v", oid, err))
	}
	return value
}

// copyLine returns a row as a line of a textual COPY without the omitted columns.
func (b *Batch) copyLine(row int32, omitted string) []byte {
	fields := make([][]byte, b.table.fields())
	splitFields(fields, b.encoded(row))
	var line []byte
	for i, field := range fields {
		if i >= b.table.bookkeeping && contains(omitted, i-b.table.bookkeeping) {
			continue
		}
		if i > 0 { // the key, which comes first, is never omitted
			line = append(line, '\t')
		}
		text, ok := b.texts.fieldText(i, field)
		if !ok {
			line = append(line, `\N`...)
			continue
		}
		for _, c := range text {
			switch c {
			case '\\':
				line = append(line, `\\`...)
			case '\t':
				line = append(line, `\t`...)
			case '\n':
				line = append(line, `\n`...)
			case '\r':
				line = append(line, `\r`...)
			default:
				line = append(line, c)
			}
		}
	}
	return append(line, '\n')
}

// appendTextArray is appendArray in the text format.
func (b *Batch) appendTextArray(dst []byte, rows []int32, needed []bool) []byte {
	fields := make([][]byte, b.table.fields())
	var element []byte
	dst = append(dst, '{')
	for i, row := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		if row == noRow {
			dst = append(dst, "NULL"...)
			continue
		}
		splitFields(fields, b.encoded(row))
		element = append(element[:0], '(')
		for n, attribute := range b.table.attributes {
			if n > 0 {
				element = append(element, ',')
			}
			text, ok := []byte(nil), false
			if attribute.field >= 0 && (len(needed) == 0 || needed[attribute.field]) {
				text, ok = b.texts.fieldText(attribute.field, fields[attribute.field])
			}
			if filler := b.filler(n); !ok && filler != nil {
				text, ok = filler, true
			}
			if ok {
				element = appendQuoted(element, text)
			}
		}
		dst = appendQuoted(dst, append(element, ')'))
	}
	return append(dst, '}')
}

// appendQuoted appends a text in quotes, as arrays and composite values have it.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
