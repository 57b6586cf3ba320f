package store

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// fitsJSONB is careful rather than exact: whatever looks as if JSONB might refuse it, or lose a part of it, is kept as text. Strict
// JSON (RFC 7493) has no two members of one name, of which JSONB would keep the last only, no bytes that are no UTF-8, and no
// half of a surrogate pair.
func fitsJSONB(received []byte) bool {
	return jsontext.Value(received).IsValid() && !hasNUL(received) && !isMuch(received)
}

// hasNUL reports whether an escape stands in the text that JSONB refuses, or the text of one.
func hasNUL(text []byte) bool { return bytes.Contains(text, []byte(`\u0000`)) }

const (
	// longNumber is the longest number in characters, and longExponent the longest exponent, that is given to JSONB: more is refused
	// by it (SQLSTATE 22003) or blown up to a hundred thousand digits.
	longNumber   = 60
	longExponent = 3
	// deepest is the deepest nesting that is given to JSONB, whose own limit is the stack of Postgres (SQLSTATE 54001).
	deepest = 1000
)

// isMuch reports whether a number in the text is too long, or the text nested too deep, for JSONB.
func isMuch(text []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return false // the end: the text is valid
		}
		if dec.StackDepth() > deepest || token.Kind() == '0' && isLong(token.String()) {
			return true
		}
	}
}

func isLong(number string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	return len(mantissa) > longNumber || len(strings.TrimLeft(exponent, "+-0")) > longExponent
}
