// Package intake reads the records of an import from a request body. It streams the body: regardless
// of its size, memory holds at most one record and some read-ahead, and nothing is written to disk.
// An error in the structure of the body is a fault and ends the reading. An error inside of a record
// is passed on with the record, so that the importer rejects only that record.
package intake

import (
	"errors"
	"io"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// Reader reads the records of one body. It is not safe for concurrent use.
type Reader struct {
	limits Limits
	close  func()
	input  *input // nil for a workbook
	parser parser
	csv    *csvParser // the parser, if the format is CSV
	rows   int
	err    error
}

// parser finds the records in a decoded body of one format.
type parser interface {
	// next returns the next record and its offset in the decoded body. The record is valid until the
	// next call.
	next() (record []byte, offset int64, err error)
	// inRecord reports whether the last error is inside of a record and not between two records.
	inRecord() bool
}

// Open opens a body of the given media type. It reads the beginning: the header of a compressed
// stream, the header row of CSV. Its errors are those of Next. The caller closes the Reader and the
// underlying reader of the body.
func Open(body *Body, media Media, c *collection.Collection, limits Limits) (*Reader, error) {
	content, err := Start(body, media, limits)
	if err != nil {
		return nil, err
	}
	r, err := content.Records(c)
	if err != nil {
		content.Close()
		return nil, err
	}
	return r, nil
}

// Next returns the next record: one JSON value of any type, with the bytes of the body (for CSV, the
// JSON into which the row was converted). The record is valid until the next call. After the last
// record Next returns io.EOF.
//
// The error is a *fault.Fault of kind Malformed, TooLarge or Invalid if the client has sent an
// invalid body. If the transfer failed, it wraps the error of the underlying reader, such as
// os.ErrDeadlineExceeded, *http.MaxBytesError or io.ErrUnexpectedEOF. After an error every call
// returns the same error.
func (r *Reader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	record, offset, err := r.parser.next()
	if err == nil {
		err = r.checkLimits(record, offset)
	}
	if errors.Is(err, io.EOF) && r.rows == 0 {
		err = r.noRecords()
	}
	if err != nil {
		r.err = r.withRow(err)
		return nil, r.err
	}
	r.rows++
	return record, nil
}

func (r *Reader) noRecords() error {
	if r.csv != nil {
		return r.csv.noRecords()
	}
	return fault.New(fault.Invalid, "no-records", "The body holds no records. Send at least one.")
}

func (r *Reader) checkLimits(record []byte, offset int64) error {
	if r.rows >= r.limits.Records {
		return fault.New(fault.TooLarge, "too-many-records",
			"The body holds more than %d records. Split it into several imports.", r.limits.Records).
			With("limit", r.limits.Records)
	}
	if r.input == nil {
		return r.checkSheetRow(record, offset)
	}
	if len(record) > r.limits.Record {
		return r.input.recordTooLarge(offset)
	}
	if bracket, deep := tooDeep(record, r.limits.Depth); deep {
		if r.csv != nil { // the record was converted, so its offsets are not those of the body
			bracket = 0
		}
		return r.input.tooDeep(offset + int64(bracket))
	}
	return nil
}

// checkSheetRow is checkLimits for a row of a sheet.
func (r *Reader) checkSheetRow(record []byte, row int64) error {
	if len(record) > r.limits.Record {
		return fault.New(fault.TooLarge, "record-too-large", "Row %d of the sheet is larger than %d bytes. Make it smaller.", row, r.limits.Record).
			With("limit", r.limits.Record).With("line", row)
	}
	if _, deep := tooDeep(record, r.limits.Depth); deep {
		return fault.New(fault.Malformed, "too-deep",
			"Arrays and objects are nested deeper than %d levels in row %d of the sheet. Flatten the record.", r.limits.Depth, row).
			With("limit", r.limits.Depth).With("line", row)
	}
	return nil
}

// withRow adds the row number to a fault that has a location in a record.
func (r *Reader) withRow(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	if _, located := f.Details["offset"]; located && r.parser.inRecord() {
		return f.With("row", r.rows+1)
	}
	return err
}

// Delimiter returns the name of the column separator of a CSV body, "comma", "semicolon", "tab" or
// "bar", and whether it was detected from the header row. The name is empty for other formats.
func (r *Reader) Delimiter() (name string, detected bool) {
	if r.csv == nil {
		return "", false
	}
	return r.csv.delimiter.name, r.csv.detected
}

// BlankRows returns how many blank rows of a CSV body were skipped so far.
func (r *Reader) BlankRows() int {
	if r.csv == nil {
		return 0
	}
	return r.csv.blank
}

// Close releases the resources of the decoder.
func (r *Reader) Close() { r.close() }
