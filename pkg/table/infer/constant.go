package infer

import (
	"encoding/json"
	"math/big"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// exactCasts are the types to which a column can be cast without a change of any value.
var exactCasts = map[uint32][]string{
	pgtype.TextOID:    {"text", "character varying"},
	pgtype.VarcharOID: {"text", "character varying"},
	pgtype.Int2OID:    {"smallint", "integer", "bigint", "numeric"},
	pgtype.Int4OID:    {"integer", "bigint", "numeric"},
	pgtype.Int8OID:    {"bigint", "numeric"},
	pgtype.NumericOID: {"numeric"},
	pgtype.Float4OID:  {"real", "double precision"},
	pgtype.Float8OID:  {"double precision"},
}

// column returns the name and the base type of a column, perhaps in exact casts.
func (r limitReader) column(c *condition) (name string, base uint32, ok bool) {
	if c.kind == cast {
		name, base, ok = r.column(c.args[0])
		return name, base, ok && slices.Contains(exactCasts[base], c.text)
	}
	if c.kind != column {
		return "", 0, false
	}
	known, ok := r.columns[c.text]
	return known.Name, known.Base, ok && exactCasts[known.Base] != nil && (known.Deterministic || !isText(known.Base))
}

func isText(base uint32) bool { return base == pgtype.TextOID || base == pgtype.VarcharOID }

// constant returns a constant for columns of the base type: a string, or a json.Number. A float may be compared with zero only:
// another number in a record may become the constant, or become greater or less than it, when it is stored.
func constant(c *condition, base uint32) (value any, ok bool) {
	if isText(base) {
		return textConstant(c)
	}
	isFloat := base == pgtype.Float4OID || base == pgtype.Float8OID
	n, ok := numberConstant(c)
	if !ok || isFloat && rational(n).Sign() != 0 {
		return nil, false
	}
	return decimal(rational(n)), true
}

func textConstant(c *condition) (value any, ok bool) {
	switch {
	case c.kind == cast && slices.Contains(exactCasts[pgtype.TextOID], c.text):
		return textConstant(c.args[0])
	case c.kind == text:
		return c.text, true
	}
	return nil, false
}

var plainNumber = regexp.MustCompile(`^-?(?:0|[1-9]\d{0,39})(?:\.\d{1,40})?$`)

func numberConstant(c *condition) (json.Number, bool) {
	switch c.kind {
	case number, text:
		return json.Number(c.text), plainNumber.MatchString(c.text)
	case cast:
		n, ok := numberConstant(c.args[0])
		types := []string{"numeric"}
		if ok && rational(n).IsInt() {
			types = append(types, "smallint", "integer", "bigint")
		}
		if ok && rational(n).Sign() == 0 {
			types = append(types, "real", "double precision")
		}
		return n, ok && slices.Contains(types, c.text)
	default:
		return "", false
	}
}

// rational returns the value of a constant that numberConstant returned.
func rational(n any) *big.Rat {
	value, _ := new(big.Rat).SetString(string(n.(json.Number))) //nolint:forcetypeassert // constants of numbers only
	return value
}
