package intake

import (
	"errors"
	"fmt"
)

// Limits are the limits of one body. All of them must be positive. None of them can be disabled,
// because each protects the service from bodies that are expensive to read and cheap to send.
type Limits struct {
	// Body is the maximum size of the decoded body in bytes.
	Body int64
	// Record is the maximum size of one record in bytes. It also limits everything else that must be
	// in memory as a whole, such as a member name beside "data" or the header row of CSV.
	Record int
	// Records is the maximum number of records.
	Records int
	// Depth is the maximum nesting of arrays and objects in a record: 1 is a flat object.
	Depth int
	// Ratio is the maximum number of decoded bytes for each received byte, after the first ratioGrace
	// decoded bytes. Records compress 5 to 30 times, very repetitive ones 100 times; a bomb of zeros
	// reaches 1,000 with gzip and far more with zstd.
	Ratio int
}

// MaxColumns is the maximum number of columns of a CSV body: more than a table in Postgres can have
// (1,600).
const MaxColumns = 2000

const (
	// ratioGrace is the number of decoded bytes before Limits.Ratio applies: small bodies may be
	// extremely repetitive and cost little.
	ratioGrace = 1 << 20
	// slack is the number of bytes that may be in memory besides a record: the space before it and
	// the read-ahead.
	slack = 64 << 10
	// maxWindow is the maximum window of a zstd frame in bytes, and so the memory for its decoding.
	// zstd's levels up to 19 use at most this much, and RFC 9659 allows no more for HTTP.
	maxWindow = 8 << 20
	// zstdBytes is the maximum memory of a zstd decoder: the window, and some blocks of 128 KiB.
	zstdBytes = maxWindow + 1<<20
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
