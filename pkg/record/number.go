package record

// Limits of numbers. Postgres' numeric and all readers of jsonb can handle any number within them: a column
// can declare 1000 digits at most. Without limits, Postgres would convert the eight bytes 1e131000 to 131,001
// digits and reject 1e200000 (SQLSTATE 22003).
const (
	// maxDigits limits the digits in the text from the first one that is not zero; for zero, all
	// its digits. It also limits the places between the first digit that is not zero and the point.
	maxDigits = 1000
	// maxExponent limits the exponent in the text.
	maxExponent = 400
)

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number parses the number at pos (RFC 8259 section 6) and returns the position after it. It counts
// the digits without converting them, so its time is linear even for a number of a megabyte.
func (r *Reader) number(pos int) int {
	if r.raw[pos] == '-' {
		pos++
	}
	whole := pos
	if pos = r.digits(whole); pos == whole || (r.raw[whole] == '0' && pos > whole+1) {
		return r.malformed(min(pos, whole+1))
	}
	wholeEnd, fraction := pos, pos
	if r.byteAt(pos) == '.' {
		fraction = pos + 1
		if pos = r.digits(fraction); pos == fraction {
			return r.malformed(pos)
		}
	}
	fractionEnd, exponent := pos, 0
	if c := r.byteAt(pos); c == 'e' || c == 'E' {
		if pos, exponent = r.exponent(pos + 1); pos == stop {
			return stop
		}
	}
	r.checkRange(r.raw[whole:wholeEnd], r.raw[fraction:fractionEnd], exponent)
	return pos
}

func (r *Reader) digits(pos int) int {
	for isDigit(r.byteAt(pos)) {
		pos++
	}
	return pos
}

// exponent parses the exponent after the letter e. It caps a value that is out of range.
func (r *Reader) exponent(pos int) (next, exponent int) {
	sign := 1
	switch r.byteAt(pos) {
	case '-':
		sign = -1
		pos++
	case '+':
		pos++
	}
	end := r.digits(pos)
	if end == pos {
		return r.malformed(pos), 0
	}
	for _, c := range r.raw[pos:end] {
		exponent = min(10*exponent+int(c-'0'), 10*maxExponent)
	}
	return end, sign * exponent
}

// checkRange adds a reason if the number is out of range. A short number without an exponent never
// is.
func (r *Reader) checkRange(whole, fraction []byte, exponent int) {
	if exponent == 0 && len(whole)+len(fraction) <= maxDigits {
		return
	}
	zeros := leadingZeros(whole)
	if zeros == len(whole) {
		zeros += leadingZeros(fraction)
	}
	digits := len(whole) + len(fraction) - zeros
	if digits == 0 { // the number is zero
		digits, zeros = zeros, 0
	}
	leading := exponent + len(whole) - 1 - zeros
	switch {
	case exponent > maxExponent || exponent < -maxExponent:
		r.exponentBeyond()
	case digits > maxDigits || leading > maxDigits || leading < -maxDigits:
		r.tooManyDigits()
	}
}

func leadingZeros(digits []byte) int {
	for i, c := range digits {
		if c != '0' {
			return i
		}
	}
	return len(digits)
}
