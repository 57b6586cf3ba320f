package format

import (
	"math"
	"math/big"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parquet-go/parquet-go"
)

// parquetKind is the type of a Parquet column or, if the column is a list, of its items.
type parquetKind int

const (
	jsonKind parquetKind = iota
	textKind
	integerKind
	numberKind
	booleanKind
)

var parquetKinds = map[string]parquetKind{"string": textKind, "integer": integerKind, "number": numberKind, "boolean": booleanKind}

// kindOf returns the kind for a JSON type; jsonKind for lists and objects, and if single is false.
func kindOf(jsonType string, single bool) parquetKind {
	if !single {
		return jsonKind
	}
	return parquetKinds[jsonType]
}

func (k parquetKind) node() parquet.Node {
	switch k {
	case textKind:
		return parquet.String()
	case integerKind:
		return parquet.Int(64)
	case numberKind:
		return parquet.Leaf(parquet.DoubleType)
	case booleanKind:
		return parquet.Leaf(parquet.BooleanType)
	default:
		return parquet.JSON()
	}
}

// value converts a JSON value. It returns a *ValueError if the column can't represent it.
func (k parquetKind) value(member string, value jsontext.Value) (parquet.Value, error) {
	switch {
	case k == textKind && value.Kind() == '"':
		content, err := text(value)
		return parquet.ByteArrayValue([]byte(content)), err
	case k == integerKind && value.Kind() == '0':
		n, ok := integer(string(value))
		if !ok {
			return parquet.Value{}, newValueError(member, value, "a Parquet integer has 64 bits; choose csv or ndjson")
		}
		return parquet.Int64Value(n), nil
	case k == numberKind && value.Kind() == '0':
		n, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return parquet.Value{}, newValueError(member, value, "a Parquet number is a double; choose csv or ndjson")
		}
		return parquet.DoubleValue(n), nil
	case k == booleanKind && (value.Kind() == 't' || value.Kind() == 'f'):
		return parquet.BooleanValue(value.Kind() == 't'), nil
	case k == jsonKind:
		return parquet.ByteArrayValue(value.Clone()), nil
	default:
		return parquet.Value{}, newValueError(member, value, "the collection declares another type for it; choose csv or ndjson")
	}
}

// integer parses a JSON number that is an integer, even if written as 1.0 or 1e3.
func integer(number string) (int64, bool) {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return n, true
	}
	approximate, err := strconv.ParseFloat(number, 64)
	if err != nil || math.Abs(approximate) > 1<<63 {
		return 0, false // also excludes large exponents, which big.Rat would expand
	}
	exact, ok := new(big.Rat).SetString(number)
	if !ok || !exact.IsInt() || !exact.Num().IsInt64() {
		return 0, false
	}
	return exact.Num().Int64(), true
}

// itemsOf splits a JSON list. It returns a *ValueError for other values.
func itemsOf(member string, value jsontext.Value) ([]jsontext.Value, error) {
	var items []jsontext.Value
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, newValueError(member, value, "the collection declares a list; choose csv or ndjson")
	}
	return items, nil
}

// maxShownRunes is the number of characters of a value that an error quotes.
const maxShownRunes = 60

func newValueError(member string, value jsontext.Value, why string) error {
	shown := []rune(string(value))
	if len(shown) > maxShownRunes {
		shown = append(shown[:maxShownRunes], '…')
	}
	return &ValueError{Member: member, Value: string(shown), Why: why}
}
