// Package format encodes records as CSV, NDJSON, XLSX or Parquet. Every writer streams: it keeps a
// bounded part of the records in memory.
package format

import (
	"fmt"
	"io"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/report"
)

// Writer encodes records.
type Writer interface {
	// Write encodes one record, a JSON object.
	Write(record []byte) error
	// Close writes the end of the file and flushes. It does not close the underlying writer.
	Close() error
}

// Truncater is a Writer that truncates values that are too long for its format.
type Truncater interface {
	// Truncated returns the number of values truncated. Each ends with a note that it is.
	Truncated() int64
}

// ValueError is returned for a value that the format can't represent without changing it.
type ValueError struct {
	Member string
	Value  string
	// Why states what the format supports.
	Why string
}

// Error returns the member, the value and the reason.
func (e *ValueError) Error() string {
	return fmt.Sprintf("member %q holds %s: %s", e.Member, e.Value, e.Why)
}

// New returns a writer of a format for records of a collection. The number of records must be
// exact.
func New(f report.Format, out io.Writer, c *collection.Collection, records int64) (Writer, error) {
	switch f {
	case report.CSV:
		return newCSV(out, c)
	case report.NDJSON:
		return newNDJSON(out), nil
	case report.XLSX:
		return newXLSX(out, c, records, maxSheetRows)
	case report.Parquet:
		return newParquet(out, c), nil
	default:
		return nil, fmt.Errorf("records are not written as %q", f)
	}
}
