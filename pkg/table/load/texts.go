package load

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

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
