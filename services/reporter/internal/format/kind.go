package format

import (
	"math"
	"math/big"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parquet-go/parquet-go"
)

// parquetKind is the type of a Parquet column.
type parquetKind int

const (
	jsonKind parquetKind = iota
	textKind
	integerKind
	numberKind
	booleanKind
)

func kindOf(jsonType string, single bool) parquetKind {
	kinds := map[string]parquetKind{"string": textKind, "integer": integerKind, "number": numberKind, "boolean": booleanKind}
	if !single {
		return jsonKind
	}
	return kinds[jsonType]
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

// value makes a value of the column. A value that the column can't hold is a *ValueError.
func (k parquetKind) value(member string, value jsontext.Value) (parquet.Value, error) {
	switch {
	case k == textKind && value.Kind() == '"':
		content, err := text(value)
		return parquet.ByteArrayValue([]byte(content)), err
	case k == integerKind && value.Kind() == '0':
		n, ok := integer(string(value))
		if !ok {
			return parquet.Value{}, unfit(member, value, "a Parquet integer has 64 bits; choose csv or ndjson")
		}
		return parquet.Int64Value(n), nil
	case k == numberKind && value.Kind() == '0':
		n, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return parquet.Value{}, unfit(member, value, "a Parquet number is a double; choose csv or ndjson")
		}
		return parquet.DoubleValue(n), nil
	case k == booleanKind && (value.Kind() == 't' || value.Kind() == 'f'):
		return parquet.BooleanValue(value.Kind() == 't'), nil
	case k == jsonKind:
		return parquet.ByteArrayValue(value.Clone()), nil
	default:
		return parquet.Value{}, unfit(member, value, "the collection declares another type for it; choose csv or ndjson")
	}
}

// integer reads a JSON number that is a whole one, also where it is written as 1.0 or 1e3.
func integer(number string) (int64, bool) {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return n, true
	}
	approximate, err := strconv.ParseFloat(number, 64)
	if err != nil || math.Abs(approximate) > 1<<63 {
		return 0, false // also keeps exponents small, which the exact way would multiply out
	}
	exact, ok := new(big.Rat).SetString(number)
	if !ok || !exact.IsInt() || !exact.Num().IsInt64() {
		return 0, false
	}
	return exact.Num().Int64(), true
}

func itemsOf(member string, value jsontext.Value) ([]jsontext.Value, error) {
	var items []jsontext.Value
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, unfit(member, value, "the collection declares a list; choose csv or ndjson")
	}
	return items, nil
}

// maxShown bounds what an error shows of a value.
const maxShown = 60

func unfit(member string, value jsontext.Value, why string) error {
	shown := []rune(string(value))
	if len(shown) > maxShown {
		shown = append(shown[:maxShown], '…')
	}
	return &ValueError{Member: member, Value: string(shown), Why: why}
}
