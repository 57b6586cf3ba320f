package load

import (
	"encoding/binary"
	"math"
)

func encodeInt2(_ *column, dst, v []byte) ([]byte, defect) {
	n, wrong := parseInteger(v, math.MinInt16, math.MaxInt16)
	return binary.BigEndian.AppendUint16(dst, uint16(n)), wrong //nolint:gosec // within the bounds
}

func encodeInt4(_ *column, dst, v []byte) ([]byte, defect) {
	n, wrong := parseInteger(v, math.MinInt32, math.MaxInt32)
	return binary.BigEndian.AppendUint32(dst, uint32(n)), wrong //nolint:gosec // within the bounds
}

func encodeInt8(_ *column, dst, v []byte) ([]byte, defect) {
	n, wrong := parseInteger(v, math.MinInt64, math.MaxInt64)
	return binary.BigEndian.AppendUint64(dst, uint64(n)), wrong //nolint:gosec // two's complement is the wire format
}

// maxPlainDigits is the number of digits that cannot overflow an int64.
const maxPlainDigits = 18

// parseInteger parses a JSON number without a fraction: 1.0 and 1e3 are integers (JSON Schema
// 2020-12, 4.2.3).
func parseInteger(v []byte, minimum, maximum int64) (int64, defect) {
	v, wrong := numberText(v)
	if wrong != sound {
		return 0, wrong
	}
	n, plain := parsePlain(v)
	if !plain {
		d, ok := parseDecimal(v)
		if !ok || d.hasFraction() {
			return 0, wrongType
		}
		if n, ok = d.integer(); !ok {
			return 0, outOfRange
		}
	}
	if n < minimum || n > maximum {
		return 0, outOfRange
	}
	return n, sound
}

// parsePlain parses at most maxPlainDigits digits with an optional sign, the form of nearly all
// integers.
func parsePlain(v []byte) (n int64, plain bool) {
	digits := v
	if len(v) > 0 && v[0] == '-' {
		digits = v[1:]
	}
	if len(digits) == 0 || len(digits) > maxPlainDigits {
		return 0, false
	}
	for _, digit := range digits {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		n = n*10 + int64(digit-'0')
	}
	if len(digits) < len(v) {
		n = -n
	}
	return n, true
}

// The binary format of NUMERIC is four words, followed by digits to the base 10,000.
const (
	numericGroup    = 4
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericInfinity = 0xD000
	numericMinus    = 0xF000 // negative infinity
	// maxNumericDigits limits the digits before and after the decimal point. Postgres would accept
	// 1e131000, which is 131 KB of text for eight bytes of input; a column can declare at most
	// 1000.
	maxNumericDigits = 1000
)

func encodeNumeric(c *column, dst, v []byte) ([]byte, defect) {
	text, wrong := numberText(v)
	if f, ok := infinite[string(text)]; ok && isString(v) {
		return c.appendInfinite(dst, f)
	}
	if wrong != sound {
		return dst, wrong
	}
	d, ok := parseDecimal(text)
	if !ok {
		return dst, wrongType
	}
	if d.point > maxNumericDigits || d.scale > maxNumericDigits {
		return dst, outOfRange
	}
	if c.precision > 0 && len(d.digits) > 0 && d.point > c.precision-c.scale {
		return dst, outOfRange
	}
	if c.precision > 0 && !c.round && len(d.digits) > 0 && len(d.digits)-d.point > c.scale {
		return dst, inexact
	}
	return d.appendNumeric(dst), sound
}

// appendInfinite appends NaN or an infinite number. A NUMERIC with a precision can't be infinite.
func (c *column) appendInfinite(dst []byte, f float64) ([]byte, defect) {
	sign := uint64(numericNaN)
	switch {
	case math.IsNaN(f):
	case c.precision > 0:
		return dst, outOfRange
	case f > 0:
		sign = numericInfinity
	default:
		sign = numericMinus
	}
	return binary.BigEndian.AppendUint64(dst, sign<<16), sound // no digits, no weight, no scale
}

// appendNumeric appends the binary format of NUMERIC, whose groups of four digits are aligned to
// the decimal point.
func (d decimal) appendNumeric(dst []byte) []byte {
	lead := ((-d.point % numericGroup) + numericGroup) % numericGroup // leading zeros of the first group
	groups := (lead + len(d.digits) + numericGroup - 1) / numericGroup
	weight := (d.point+lead)/numericGroup - 1
	if groups == 0 {
		weight = 0
	}
	sign := uint16(0)
	if d.negative && groups > 0 {
		sign = numericNegative
	}
	for _, word := range [...]uint16{uint16(groups), uint16(weight), sign, uint16(d.scale)} { //nolint:gosec // within maxNumericDigits
		dst = binary.BigEndian.AppendUint16(dst, word)
	}
	for i := range groups {
		group := uint16(0)
		for digit := i*numericGroup - lead; digit < (i+1)*numericGroup-lead; digit++ {
			group *= 10
			if digit >= 0 && digit < len(d.digits) {
				group += uint16(d.digits[digit] - '0')
			}
		}
		dst = binary.BigEndian.AppendUint16(dst, group)
	}
	return dst
}
