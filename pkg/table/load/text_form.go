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
	case c.base == pgtype.JSONOID:
		return value, true
	}
	if c.elementOID != 0 {
		return x.convertArray(c.elementOID, value), true
	}
	return x.convert(c.base, value), true
}

func isCharacters(oid uint32) bool {
	return oid == pgtype.TextOID || oid == pgtype.VarcharOID || oid == pgtype.BPCharOID
}

// convertArray converts the binary form of an array whose elements have the type.
func (x *texts) convertArray(element uint32, array []byte) []byte {
	dimensions := int(binary.BigEndian.Uint32(array))
	rest := array[arrayHeader+dimensions*dimensionHeader:]
	var appendLevel func(dst []byte, level int) []byte
	appendLevel = func(dst []byte, level int) []byte {
		if level == dimensions {
			size := binary.BigEndian.Uint32(rest)
			if rest = rest[4:]; size == nullLength {
				return append(dst, "NULL"...)
			}
			value := rest[:size]
			rest = rest[size:]
			return appendQuoted(dst, x.convert(element, value))
		}
		dst = append(dst, '{')
		for i := range binary.BigEndian.Uint32(array[arrayHeader+level*dimensionHeader:]) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendLevel(dst, level+1)
		}
		return append(dst, '}')
	}
	if dimensions == 0 {
		return []byte("{}")
	}
	return appendLevel(nil, 0)
}

// convert converts the binary form of a type that has a codec.
func (x *texts) convert(oid uint32, value []byte) []byte {
	if isCharacters(oid) {
		return value
	}
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
