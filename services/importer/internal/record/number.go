package record

// The numbers that are taken: what Postgres' numeric, every jsonb reader and a person can handle. Without a bound,
// 1e131000 is eight bytes that Postgres turns into 131,001 digits, and 1e200000 one that it refuses (SQLSTATE 22003).
const (
	// maxDigits bounds the digits that are written from the first one that is not zero on; all of them for zero.
	maxDigits = 40
	// maxExponent bounds the exponent, both as it is written and of the first digit that is not zero.
	maxExponent = 400
)

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number reads the number that begins at pos (RFC 8259 section 6). It only counts digits, so a number of a
// megabyte costs no more than any other megabyte.
func (r *Reader) number(pos int) int {
	if r.raw[pos] == '-' {
		pos++
	}
	whole := pos
	if pos = r.digits(whole); pos == whole || (r.raw[whole] == '0' && pos > whole+1) {
		return r.malformed(min(pos, whole+1))
	}
	wholeEnd, fraction := pos, pos
	if r.at(pos) == '.' {
		fraction = pos + 1
		if pos = r.digits(fraction); pos == fraction {
			return r.malformed(pos)
		}
	}
	fractionEnd, exponent := pos, 0
	if c := r.at(pos); c == 'e' || c == 'E' {
		if pos, exponent = r.exponent(pos + 1); pos == stop {
			return stop
		}
	}
	r.checkRange(r.raw[whole:wholeEnd], r.raw[fraction:fractionEnd], exponent)
	return pos
}

func (r *Reader) digits(pos int) int {
	for isDigit(r.at(pos)) {
		pos++
	}
	return pos
}

// exponent reads what follows the letter e. Its value stops growing once it is out of any range.
func (r *Reader) exponent(pos int) (next, exponent int) {
	sign := 1
	switch r.at(pos) {
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

// checkRange judges a number by its parts. A short one without an exponent cannot be out of range.
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
	case digits > maxDigits:
		r.tooManyDigits()
	case beyond(exponent) || beyond(leading):
		r.exponentBeyond()
	}
}

func beyond(exponent int) bool { return exponent > maxExponent || exponent < -maxExponent }

func leadingZeros(digits []byte) int {
	for i, c := range digits {
		if c != '0' {
			return i
		}
	}
	return len(digits)
}
