package store

import (
	"bytes"
	"encoding/json"
	"strings"
)

// hasHardEscape reports whether a \u escape stands in the text that JSONB refuses: NUL and surrogates. Pairs of surrogates
// would be fine, but are kept as text too.
func hasHardEscape(text []byte) bool {
	lower := bytes.ToLower(text)
	return bytes.Contains(lower, []byte(`\u0000`)) || bytes.Contains(lower, []byte(`\ud`))
}

// longNumber is the longest number in characters, and longExponent the longest exponent, that is given to JSONB: more
// is refused by it (SQLSTATE 22003) or blown up to a hundred thousand digits.
const (
	longNumber   = 60
	longExponent = 3
)

// hasLongNumber reports whether a number in the text is too much for JSONB.
func hasLongNumber(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err != nil {
			return false // the end, or a text that json.Valid has refused before
		}
		number, isNumber := token.(json.Number)
		if isNumber && isLong(number.String()) {
			return true
		}
	}
}

func isLong(number string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	return len(mantissa) > longNumber || len(strings.TrimLeft(exponent, "+-0")) > longExponent
}
