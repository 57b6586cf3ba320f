package intake

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Options say how a body is read. What they leave out is as the Content-Type says, or is recognized from the body.
// A request sets them by its query; whatever stores them for later requests fills those that a request leaves out.
type Options struct {
	// Encoding is the name of the character encoding, a key of encodings; empty means UTF-8, or UTF-16 with a byte
	// order mark.
	Encoding string `json:"encoding,omitempty"`
	// Delimiter is the name of the delimiter of a CSV body: comma, semicolon, tab or bar; empty: it is recognized.
	Delimiter string `json:"delimiter,omitempty"`
	// Quote is how cells of a CSV body are enclosed: QuoteDouble, QuoteSingle or QuoteNone; empty means QuoteDouble.
	Quote string `json:"quote,omitempty"`
	// HeaderRow is the line of a CSV body or the row of a sheet with the names of the columns, from 1; 0 means the
	// first that is not blank.
	HeaderRow int `json:"header_row,omitempty"`
	// Sheet is the name of the sheet of a workbook, or its number from 1; empty means the first.
	Sheet string `json:"sheet,omitempty"`
	// EmptyCells says what an empty cell without quotes means; empty means EmptyAbsent.
	EmptyCells string `json:"empty_cells,omitempty"`
}

// The values of Options.EmptyCells.
const (
	EmptyAbsent = "absent"
	EmptyNull   = "null"
)

// The values of Options.Quote.
const (
	QuoteDouble = "double"
	QuoteSingle = "single"
	QuoteNone   = "none"
)

// The parameters of a request that set Options. Those of a table may stand in the Content-Type too.
const (
	EncodingParameter   = "encoding"
	DelimiterParameter  = "delimiter"
	QuoteParameter      = "quote"
	HeaderRowParameter  = "headerRow"
	SheetParameter      = "sheet"
	EmptyCellsParameter = "emptyCells"
)

// Parameters are the names of all parameters that ParseOptions reads.
var Parameters = []string{EncodingParameter, DelimiterParameter, QuoteParameter, HeaderRowParameter, SheetParameter, EmptyCellsParameter}

// ParseOptions reads the parameters of a request and ignores others. The error is a fault of kind Malformed that
// lists the accepted values.
func ParseOptions(query url.Values) (o Options, err error) {
	for _, name := range Parameters {
		if !query.Has(name) {
			continue
		}
		if err := o.Set(name, query.Get(name)); err != nil {
			return Options{}, err
		}
	}
	return o, nil
}

// Set sets the option of a parameter. Its error is that of ParseOptions.
func (o *Options) Set(name, value string) error {
	var accepted string
	switch name {
	case EncodingParameter:
		o.Encoding, accepted = canonicalEncoding(value), "one of "+encodingNames()
		value = o.Encoding
	case DelimiterParameter:
		o.Delimiter, accepted = delimiterName(value), "comma, semicolon, tab or bar"
		value = o.Delimiter
	case QuoteParameter:
		o.Quote, accepted = quoteName(value), "double, single or none"
		value = o.Quote
	case HeaderRowParameter:
		row, err := strconv.Atoi(value)
		if o.HeaderRow, accepted = row, "a number from 1 to 1000"; err != nil || row < 1 || row > maxHeaderRow {
			value = ""
		}
	case SheetParameter:
		o.Sheet, accepted = value, "the name of a sheet, or its number from 1"
	case EmptyCellsParameter:
		o.EmptyCells, accepted = value, "absent or null"
		if value != EmptyAbsent && value != EmptyNull {
			value = ""
		}
	}
	if value == "" {
		return fault.New(fault.Malformed, "invalid-parameter", "The parameter %s must be %s.", name, accepted).With("parameter", name)
	}
	return nil
}

// Merge returns the options together with others of the same request, such as those of its Content-Type. A
// contradiction is a fault of kind Malformed.
func (o Options) Merge(declared Options) (Options, error) {
	for _, pair := range []struct {
		name          string
		here, another *string
	}{
		{EncodingParameter, &o.Encoding, &declared.Encoding},
		{DelimiterParameter, &o.Delimiter, &declared.Delimiter},
		{QuoteParameter, &o.Quote, &declared.Quote},
		{SheetParameter, &o.Sheet, &declared.Sheet},
		{EmptyCellsParameter, &o.EmptyCells, &declared.EmptyCells},
	} {
		if *pair.here != "" && *pair.another != "" && *pair.here != *pair.another {
			return o, fault.New(fault.Malformed, "invalid-parameter",
				"The parameter %s is given twice, as %q and as %q.", pair.name, *pair.here, *pair.another).With("parameter", pair.name)
		}
		*pair.here = cmp.Or(*pair.here, *pair.another)
	}
	o.HeaderRow = cmp.Or(o.HeaderRow, declared.HeaderRow)
	return o, nil
}

// maxHeaderRow limits how many lines may stand before the header row.
const maxHeaderRow = 1000

// quote returns the character that encloses cells; 0 if none does.
func (o Options) quote() byte {
	switch o.Quote {
	case QuoteSingle:
		return '\''
	case QuoteNone:
		return 0
	}
	return '"'
}

func quoteName(value string) string {
	switch {
	case value == `"`, strings.EqualFold(value, QuoteDouble):
		return QuoteDouble
	case value == "'", strings.EqualFold(value, QuoteSingle):
		return QuoteSingle
	case strings.EqualFold(value, QuoteNone):
		return QuoteNone
	}
	return ""
}

func delimiterName(value string) string {
	for _, d := range delimiters {
		if strings.EqualFold(value, d.name) || value == string(rune(d.char)) {
			return d.name
		}
	}
	return ""
}
