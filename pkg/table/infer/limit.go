package infer

import (
	"math/big"
	"slices"
	"strconv"

	"github.com/longshore-io/longshore/pkg/table"
)

// limit is a keyword of a member's schema that rejects only values that Postgres refuses.
type limit struct {
	column  string
	keyword string
	// value is what numbers and lengths are compared with.
	value *big.Rat
	// values are those of enum.
	values  []any
	pattern string
}

// limitReader reads conditions as limits of the columns.
type limitReader struct {
	columns map[string]table.Column
}

// split returns the limits in a condition and whether they say all of it. A condition that AND joins is false if one of its
// parts is, so that each part that is understood counts.
func (r limitReader) split(c *condition) (limits []limit, complete bool) {
	if c.kind != and {
		limits = r.limits(c)
		return limits, limits != nil
	}
	complete = true
	for _, part := range c.args {
		own, whole := r.split(part)
		limits, complete = append(limits, own...), complete && whole
	}
	return limits, complete
}

// limits returns the limits that say exactly what the condition says of values that are not NULL; nil if there are none.
func (r limitReader) limits(c *condition) (all []limit) {
	switch c.kind {
	case and:
		for _, part := range c.args {
			own := r.limits(part)
			if own == nil {
				return nil
			}
			all = append(all, own...)
		}
		return all
	case or:
		return r.alternatives(c)
	case operator:
		if own := r.compared(c.text, c.args[0], c.args[1]); own != nil {
			return own
		}
		return r.compared(flipped[c.text], c.args[1], c.args[0])
	case anyOf:
		return r.listed(c)
	default:
		return nil
	}
}

// alternatives reads IS NULL with a condition on the same column, and several lists of values for one column.
func (r limitReader) alternatives(c *condition) (all []limit) {
	var nulls []string
	for _, part := range c.args {
		if part.kind == isNull {
			name, _, ok := r.column(part.args[0])
			if !ok {
				return nil
			}
			nulls = append(nulls, name)
			continue
		}
		own := r.limits(part)
		switch {
		case own == nil:
			return nil
		case all == nil:
			all = own
		case len(all) == 1 && len(own) == 1 && all[0].keyword == enum && own[0].keyword == enum && all[0].column == own[0].column:
			all[0].values = append(slices.Clone(all[0].values), own[0].values...)
		default:
			return nil
		}
	}
	for _, l := range all {
		if slices.ContainsFunc(nulls, func(name string) bool { return name != l.column }) {
			return nil
		}
	}
	return all
}

const (
	enum      = "enum"
	pattern   = "pattern"
	minLength = "minLength"
	maxLength = "maxLength"
	minimum   = "minimum"
	maximum   = "maximum"
	above     = "exclusiveMinimum"
	below     = "exclusiveMaximum"
)

var (
	// bounds are the keywords of comparisons of numbers.
	bounds = map[string]string{">=": minimum, "<=": maximum, ">": above, "<": below}
	// flipped are the comparisons with their operands exchanged.
	flipped = map[string]string{">=": "<=", "<=": ">=", ">": "<", "<": ">", "=": "=", "<>": "<>"}
)

// compared reads the comparison of a column, or of its length, with a constant.
func (r limitReader) compared(operator string, left, right *condition) []limit {
	if left.kind == call && slices.Contains([]string{"length", "char_length", "character_length"}, left.text) && len(left.args) == 1 {
		return r.measured(operator, left.args[0], right)
	}
	name, base, ok := r.column(left)
	if !ok {
		return nil
	}
	value, ok := constant(right, base)
	if !ok {
		return nil
	}
	written, isText := value.(string)
	switch {
	case operator == "=":
		return []limit{{column: name, keyword: enum, values: []any{value}}}
	case operator == "<>" && isText && written == "":
		return []limit{{column: name, keyword: minLength, value: big.NewRat(1, 1)}}
	case operator == "~" && isText && meansTheSame(written):
		return []limit{{column: name, keyword: pattern, pattern: written}}
	case bounds[operator] != "" && !isText:
		return []limit{{column: name, keyword: bounds[operator], value: rational(value)}}
	}
	return nil
}

// measured reads the comparison of a text's length with a constant.
func (r limitReader) measured(operator string, of, with *condition) []limit {
	const maxDigits = 9
	name, base, ok := r.column(of)
	if !ok || !isText(base) || with.kind != number || len(with.text) > maxDigits {
		return nil
	}
	n, err := strconv.ParseInt(with.text, 10, 64)
	if err != nil {
		return nil
	}
	one := func(keyword string, n int64) limit {
		return limit{column: name, keyword: keyword, value: big.NewRat(n, 1)}
	}
	switch operator {
	case ">=":
		return []limit{one(minLength, n)}
	case ">":
		return []limit{one(minLength, n+1)}
	case "<=":
		return []limit{one(maxLength, n)}
	case "<":
		return []limit{one(maxLength, n-1)}
	case "=":
		return []limit{one(minLength, n), one(maxLength, n)}
	}
	return nil
}

// listed reads a column = ANY (ARRAY[…]).
func (r limitReader) listed(c *condition) []limit {
	name, base, ok := r.column(c.args[0])
	list := c.args[1]
	for list.kind == cast && slices.Contains([]string{"text[]", "character varying[]"}, list.text) {
		list = list.args[0]
	}
	if !ok || c.text != "=" || list.kind != array {
		return nil
	}
	l := limit{column: name, keyword: enum}
	for _, item := range list.args {
		value, ok := constant(item, base)
		if !ok {
			return nil
		}
		l.values = append(l.values, value)
	}
	return []limit{l}
}
