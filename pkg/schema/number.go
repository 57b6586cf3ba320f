package schema

import (
	"bytes"
	"slices"
)

// bound is a keyword that restricts numbers, with the value numerator/denominator.
type bound struct {
	satisfied              func(value, limit int64) bool
	numerator, denominator int64
}

func atLeast(value, limit int64) bool    { return value >= limit }
func atMost(value, limit int64) bool     { return value <= limit }
func above(value, limit int64) bool      { return value > limit }
func below(value, limit int64) bool      { return value < limit }
func multipleOf(value, limit int64) bool { return value%limit == 0 }

func (a *valueAcceptor) acceptsNumber(value []byte) bool {
	if a.types&(typeNumber|typeInteger) == 0 || a.allowed != nil && !slices.Contains(a.allowed.numbers, string(value)) {
		return false
	}
	if a.types&typeNumber == 0 && bytes.ContainsAny(value, ".eE") {
		return false // 1.0 and 1e3 are integers too, but rare: the library decides
	}
	if a.number == nil {
		return true
	}
	n, scale, ok := parseDecimal(value)
	if !ok {
		return false
	}
	for _, b := range a.number {
		// n/scale and numerator/denominator compare as these products do.
		value, fits := multiply(n, b.denominator)
		limit, limitFits := multiply(b.numerator, scale)
		if !fits || !limitFits || !b.satisfied(value, limit) {
			return false
		}
	}
	return true
}

// parseDecimal parses a number of at most 18 characters, without its sign, and no exponent as
// n/scale.
func parseDecimal(value []byte) (n, scale int64, ok bool) {
	const maxDigits = 18 // any such number fits into 64 bits
	digits, negative := bytes.CutPrefix(value, []byte{'-'})
	if len(digits) > maxDigits {
		return 0, 0, false
	}
	scale = 1
	fraction := false
	for _, c := range digits {
		switch {
		case c == '.':
			fraction = true
			continue
		case !isDigit(c):
			return 0, 0, false
		case fraction:
			scale *= 10
		}
		n = 10*n + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, scale, true
}

// multiply returns a*b and whether the product fits into 64 bits. b must be positive.
func multiply(a, b int64) (int64, bool) {
	product := a * b
	return product, product/b == a
}
