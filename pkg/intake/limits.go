package intake

import (
	"errors"
	"fmt"
)

// Limits bounds what is taken from one body. Every limit must be positive: there is no "unlimited", because
// each of them is what keeps a hostile body from costing more than its sender paid.
type Limits struct {
	// Body is the number of bytes of the body after its coding is undone.
	Body int64
	// Record is the number of bytes of one record as it is handed on. Whatever else has to be held
	// to be read, such as a member name beside "data" or the header row of a CSV body, is bound by it too.
	Record int
	// Records is the number of records of one body.
	Records int
	// Depth is how deep arrays and objects may be nested in a record: 1 is a flat object.
	Depth int
	// Ratio is how many bytes a compressed byte may unpack to, once ratioGrace bytes are unpacked. Records
	// compress 5 to 30 times, very repetitive ones 100 times; a bomb of zeros reaches 1,000 with gzip and
	// far more with zstd.
	Ratio int
}

// MaxColumns is how many columns a CSV body may have: more than Postgres allows in a table (1,600).
const MaxColumns = 2000

const (
	// ratioGrace is how much may be unpacked before Limits.Ratio is looked at: small bodies may well be
	// extremely repetitive, and cost little.
	ratioGrace = 1 << 20
	// slack is what may be held besides a record: the space before it and what is read ahead.
	slack = 64 << 10
	// maxWindow is how far back a zstd frame may refer, and so the memory that it takes to unpack. It is what
	// zstd's levels up to 19 use, and what RFC 9659 allows for the coding in HTTP.
	maxWindow = 8 << 20
)

func (l Limits) check() error {
	var errs []error
	for name, value := range map[string]int64{
		"Body": l.Body, "Record": int64(l.Record), "Records": int64(l.Records), "Depth": int64(l.Depth), "Ratio": int64(l.Ratio),
	} {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("limit %s must be positive, not %d", name, value))
		}
	}
	return errors.Join(errs...)
}
