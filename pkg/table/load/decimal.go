package load

import (
	"bytes"
	"math"
)

// decimal is the exact value of a JSON number: 0.digits × 10^point.
type decimal struct {
	negative bool
	// digits have no leading or trailing zeros; zero has no digits.
	digits []byte
	point  int
	// scale is the number of decimal places in the JSON text; 1.50 has two.
	scale int
}

// maxExponent caps a parsed exponent. A number with a larger exponent is out of every type's range.
const maxExponent = 1_000_000

// parseDecimal parses a JSON number (RFC 8259, section 6) and reports whether it is one. Its time
// and memory are proportional to the length of v.
func parseDecimal(v []byte) (decimal, bool) {
	var d decimal
	if len(v) > 0 && v[0] == '-' {
		d.negative, v = true, v[1:]
	}
	whole, v := cutDigits(v)
	if len(whole) == 0 {
		return d, false
	}
	var places []byte
	if len(v) > 0 && v[0] == '.' {
		if places, v = cutDigits(v[1:]); len(places) == 0 {
			return d, false
		}
	}
	exponent, ok := parseExponent(v)
	if !ok {
		return d, false
	}
	d.digits = join(whole, places)
	d.point = len(whole) + exponent
	d.scale = max(0, len(places)-exponent)
	d.trim()
	return d, true
}

// numberText returns the text of a JSON number, or the content of a string that has the form of one.
func numberText(v []byte) ([]byte, defect) {
	if !isString(v) {
		if len(v) == 0 || v[0] != '-' && (v[0] < '0' || v[0] > '9') {
			return v, wrongType
		}
		return v, sound
	}
	text, wrong := unquote(v)
	if wrong != sound {
		return text, wrong
	}
	digits := bytes.TrimPrefix(text, []byte{'-'})
	if _, ok := parseDecimal(text); !ok || len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return text, wrongType
	}
	return text, sound
}

// join returns whole followed by places; without places it returns whole itself.
func join(whole, places []byte) []byte {
	if len(places) == 0 {
		return whole
	}
	digits := make([]byte, 0, len(whole)+len(places))
	return append(append(digits, whole...), places...)
}

func (d *decimal) trim() {
	for len(d.digits) > 0 && d.digits[0] == '0' {
		d.digits = d.digits[1:]
		d.point--
	}
	for len(d.digits) > 0 && d.digits[len(d.digits)-1] == '0' {
		d.digits = d.digits[:len(d.digits)-1]
	}
	if len(d.digits) == 0 {
		d.point = 0
	}
}

// hasFraction reports whether the number is not an integer.
func (d decimal) hasFraction() bool { return d.point < len(d.digits) }

// integer returns the value of a number without a fraction, and whether it fits an int64.
func (d decimal) integer() (int64, bool) {
	const maxDigits = 19 // of an int64
	if d.point > maxDigits {
		return 0, false
	}
	var magnitude uint64
	for i := range d.point {
		magnitude *= 10
		if i < len(d.digits) {
			magnitude += uint64(d.digits[i] - '0')
		}
	}
	if d.negative {
		return -int64(magnitude), magnitude <= 1<<63
	}
	return int64(magnitude), magnitude <= math.MaxInt64
}

func cutDigits(v []byte) (digits, rest []byte) {
	n := 0
	for n < len(v) && '0' <= v[n] && v[n] <= '9' {
		n++
	}
	return v[:n], v[n:]
}

// parseExponent parses the rest of a number after its digits: nothing, or e and an integer.
func parseExponent(v []byte) (int, bool) {
	if len(v) == 0 {
		return 0, true
	}
	if v[0] != 'e' && v[0] != 'E' {
		return 0, false
	}
	v = v[1:]
	sign := 1
	if len(v) > 0 && (v[0] == '-' || v[0] == '+') {
		if v[0] == '-' {
			sign = -1
		}
		v = v[1:]
	}
	digits, rest := cutDigits(v)
	if len(digits) == 0 || len(rest) > 0 {
		return 0, false
	}
	exponent := 0
	for _, digit := range digits {
		exponent = min(exponent*10+int(digit-'0'), maxExponent)
	}
	return sign * exponent, true
}
