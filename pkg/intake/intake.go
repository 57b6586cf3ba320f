// Package intake turns the body of an import into records. The body is streamed: whatever its size, no more
// than a record and some read-ahead is held, and nothing is written to disk. What breaks the structure of the
// body is a fault and ends it; what is wrong inside of a record is passed on, for the importer to reject that
// record alone.
package intake

import (
	"errors"
	"fmt"
	"io"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// Reader hands on the records of one body. It is not safe for concurrent use.
type Reader struct {
	limits  Limits
	decoded *decoded
	source  *source
	body    body
	table   *table // the body, if it is CSV
	rows    int
	err     error
}

// body is one format's way to find the next record. It returns where the record begins in the decoded body;
// the record stays valid until the next call.
type body interface {
	next() (record []byte, offset int64, err error)
	// inRecord reports whether the last error lies in a record or between two.
	inRecord() bool
}

// Open begins to read a body as what media says it is. It reads as far as that needs: the begin of a compressed
// stream, the header row of a CSV body. Its errors are those of Next. The caller closes the Reader, and the body.
func Open(from io.Reader, media Media, c *collection.Collection, limits Limits) (*Reader, error) {
	if err := limits.check(); err != nil {
		return nil, fmt.Errorf("opening a body: %w", err)
	}
	plain, err := undo(from, media.Coding, limits)
	if errors.Is(err, io.EOF) {
		return nil, emptyBody()
	}
	if err != nil {
		return nil, err
	}
	r := &Reader{limits: limits, decoded: plain}
	if err := r.open(media, c); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) open(media Media, c *collection.Collection) (err error) {
	r.source, err = newSource(r.decoded, r.limits)
	if err != nil {
		return err
	}
	switch media.Format {
	case JSON:
		r.body = newArray(r.source)
	case NDJSON:
		r.body = newNDJSON(r.source)
	case CSV:
		r.table, err = newTable(r.source, media.delimiter, c)
		r.body = r.table
	default:
		err = fmt.Errorf("opening a body: unknown format %q", media.Format)
	}
	return err
}

// Next returns the next record: one JSON value, of any kind, byte for byte as it was received (of a CSV body,
// what its row was turned into). It is valid until the next call. After the last record the error is io.EOF.
//
// An error is a *fault.Fault if the client sent what cannot be taken: kinds Malformed, TooLarge and Invalid.
// If the body broke off, it wraps what the transport reported, such as os.ErrDeadlineExceeded,
// *http.MaxBytesError or io.ErrUnexpectedEOF. After an error every call returns it again.
func (r *Reader) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	record, offset, err := r.body.next()
	if err == nil {
		err = r.admit(record, offset)
	}
	if errors.Is(err, io.EOF) && r.rows == 0 {
		err = fault.New(fault.Invalid, "no-records", "The body holds no records. Send at least one.")
	}
	if err != nil {
		r.err = r.numbered(err)
		return nil, r.err
	}
	r.rows++
	return record, nil
}

// admit holds a record against the limits.
func (r *Reader) admit(record []byte, offset int64) error {
	if r.rows >= r.limits.Records {
		return fault.New(fault.TooLarge, "too-many-records",
			"The body holds more than %d records. Split it into several imports.", r.limits.Records).
			With("limit", r.limits.Records)
	}
	if len(record) > r.limits.Record {
		return r.source.recordTooLarge(offset)
	}
	if at, deep := tooDeep(record, r.limits.Depth); deep {
		if r.table != nil { // its record does not stand in the body as it is
			at = 0
		}
		return r.source.tooDeep(offset + int64(at))
	}
	return nil
}

// numbered adds the row number to a fault that lies somewhere in the body.
func (r *Reader) numbered(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	if _, located := f.Details["offset"]; located && r.body.inRecord() {
		return f.With("row", r.rows+1)
	}
	return err
}

// Delimiter tells what separates the columns of a CSV body: "comma", "semicolon", "tab" or "bar", and whether
// that was concluded from the header row. For other formats the name is empty.
func (r *Reader) Delimiter() (name string, sniffed bool) {
	if r.table == nil {
		return "", false
	}
	return r.table.delimiter.name, r.table.sniffed
}

// Close gives back what unpacking took.
func (r *Reader) Close() { _ = r.decoded.Close() }
