package schema

import (
	"bytes"
	"math/big"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// bound is a keyword that limits numbers, with its value numerator/denominator.
type bound struct {
	holds                  func(value, limit int64) bool
	numerator, denominator int64
}

func atLeast(value, limit int64) bool    { return value >= limit }
func atMost(value, limit int64) bool     { return value <= limit }
func above(value, limit int64) bool      { return value > limit }
func below(value, limit int64) bool      { return value < limit }
func multipleOf(value, limit int64) bool { return value%limit == 0 }

// planNumber plans bounds that fit into 64 bits.
func (p *valuePlan) planNumber(schema *jsonschema.Schema) bool {
	keywords := []struct {
		limit *big.Rat
		holds func(value, limit int64) bool
	}{
		{schema.Minimum, atLeast},
		{schema.Maximum, atMost},
		{schema.ExclusiveMinimum, above},
		{schema.ExclusiveMaximum, below},
		{schema.MultipleOf, multipleOf},
	}
	for _, k := range keywords {
		if k.limit == nil {
			continue
		}
		if !k.limit.Num().IsInt64() || !k.limit.Denom().IsInt64() {
			return false
		}
		p.number = append(p.number, bound{k.holds, k.limit.Num().Int64(), k.limit.Denom().Int64()})
	}
	return true
}

func (p *valuePlan) acceptsNumber(value []byte) bool {
	if p.allowed != nil || p.types&(typeNumber|typeInteger) == 0 {
		return false
	}
	if p.types&typeNumber == 0 && bytes.ContainsAny(value, ".eE") {
		return false // 1.0 and 1e3 are integers, too, but rare
	}
	if p.number == nil {
		return true
	}
	n, scale, ok := parseDecimal(value)
	if !ok {
		return false
	}
	for _, b := range p.number {
		// n/scale and numerator/denominator compare like these products.
		value, fits := multiply(n, b.denominator)
		limit, limitFits := multiply(b.numerator, scale)
		if !fits || !limitFits || !b.holds(value, limit) {
			return false
		}
	}
	return true
}

// parseDecimal reads a number of at most 18 digits and no exponent as n/scale.
func parseDecimal(value []byte) (n, scale int64, ok bool) {
	const mostDigits = 18 // whatever they are, they fit
	digits, negative := bytes.CutPrefix(value, []byte{'-'})
	if len(digits) > mostDigits {
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

// multiply also reports whether the product fits into 64 bits. The second factor must be above zero.
func multiply(a, b int64) (int64, bool) {
	product := a * b
	return product, product/b == a
}
