// Package format writes records as files: CSV, NDJSON, worksheets, Parquet. Every writer takes one record after the other and holds no more
// than a bounded part of them.
package format

import (
	"fmt"
	"io"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/report"
)

// Writer writes records, each a JSON object.
type Writer interface {
	Write(record []byte) error
	// Close writes what the format needs at its end. It does not close what is below.
	Close() error
}

// Cutter is a writer that may have to cut what its format can't hold.
type Cutter interface {
	// Cut is how many values were cut. A value that was cut says so at its end.
	Cut() int64
}

// ValueError is a value that a format can't hold and that must not be changed silently.
type ValueError struct {
	Member string
	Value  string
	// Why says what the format holds.
	Why string
}

// Error tells which value of which member.
func (e *ValueError) Error() string {
	return fmt.Sprintf("member %q holds %s: %s", e.Member, e.Value, e.Why)
}

// New makes the writer of a format for records of a collection, of which there will be so many.
func New(f report.Format, out io.Writer, c *collection.Collection, records int64) (Writer, error) {
	switch f {
	case report.CSV:
		return newCSV(out, c)
	case report.NDJSON:
		return newNDJSON(out), nil
	case report.XLSX:
		return newXLSX(out, c, records)
	case report.Parquet:
		return newParquet(out, c), nil
	default:
		return nil, fmt.Errorf("records are not written as %q", f)
	}
}
