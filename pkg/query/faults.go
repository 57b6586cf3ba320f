package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/fault"
)

// The codes of the faults of a query.
const (
	codeMalformed = "malformed-query"
	codeInvalid   = "invalid-query"
)

func malformed(format string, args ...any) *fault.Fault {
	return fault.New(fault.Malformed, codeMalformed, format, args...)
}

// invalid returns a fault about a member of the query.
func invalid(where, format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, codeInvalid, format, args...).With("where", where)
}

// parseFault converts a parser's error to a fault.
func parseFault(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return malformed("The query is no strict JSON: %s, at byte %d.", reason(syntax.Err), syntax.ByteOffset).
			With("offset", syntax.ByteOffset).Because(err)
	}
	if wrong, ok := errors.AsType[*jsonv2.SemanticError](err); ok {
		if wrong.JSONPointer == "" {
			return noObject()
		}
		where := strings.ReplaceAll(strings.TrimPrefix(string(wrong.JSONPointer), "/"), "/", ".")
		if errors.Is(wrong.Err, jsonv2.ErrUnknownName) {
			return malformed("A query has no member %q. It has %s.", where, strings.Join(Members(), ", ")).
				With("members", Members()).Because(err)
		}
		return malformed("%s has the wrong type: query is a string, filter an object, sort an array of strings and limit an integer.", where).
			With("where", where).Because(err)
	}
	return malformed("The query can't be read.").Because(err)
}

func reason(err error) string {
	if err == nil {
		return "it can't be read"
	}
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}

const (
	// maxDigits and maxExponent limit the characters of a number and of its exponent: JSONB and NUMERIC
	// reject longer ones, or need excessive memory for them.
	maxDigits   = 60
	maxExponent = 3
)

// checkValue rejects values that Postgres cannot store.
func checkValue(member string, v json.RawMessage) error {
	if len(v) > MaxValueBytes {
		return invalid("filter", "A value of filter.%s is longer than %d bytes.", member, MaxValueBytes).With("member", member)
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v))
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return nil //nolint:nilerr // the end of the value, whose syntax was checked before
		}
		switch {
		case token.Kind() == '"' && strings.ContainsRune(token.String(), 0):
			return invalid("filter", "filter.%s must not have NUL characters, which no text in Postgres has.", member).With("member", member)
		case token.Kind() == '0' && IsLongNumber(token.String()):
			return invalid("filter", "A number of filter.%s has too many digits: at most %d, with an exponent of at most %d.",
				member, maxDigits, maxExponent).With("member", member)
		}
	}
}

// IsLongNumber reports whether a JSON number has more digits or a longer exponent than is supported
// in JSONB and NUMERIC.
func IsLongNumber(number string) bool {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	return len(mantissa) > maxDigits || len(strings.TrimLeft(exponent, "+-0")) > maxExponent
}
