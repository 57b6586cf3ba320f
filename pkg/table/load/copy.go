package load

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/longshore-io/longshore/pkg/operation"
)

// A binary COPY begins with a signature, flags and the length of an extension, and ends with a
// field count of -1.
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// errDropped is returned by copyRows if a trigger of the table has dropped rows. COPY does not
// return which ones.
var errDropped = errors.New("a trigger of the table drops rows")

// copyRows copies rows straight into the table, in a savepoint that the caller ends. It writes none
// if the key of one exists. The savepoint is sent in the same message as the COPY, which saves a
// round trip.
func (l *loader) copyRows(ctx context.Context, rows []int32) error {
	source := &copySource{batch: l.batch, rows: rows, textual: l.table.textual, ended: l.table.textual, omitted: l.ways.copyOmits}
	if !l.table.textual {
		source.pending = []byte(copyHeader)
	}
	tag, err := l.conn.CopyFrom(ctx, source, savepointSQL+"; "+l.ways.copySQL)
	source.close()
	if err != nil {
		return err
	}
	if tag.RowsAffected() != int64(len(rows)) {
		return errDropped
	}
	for _, row := range rows {
		l.batch.outcomes[row] = operation.Created
	}
	return nil
}

// copySource reads rows as the stream of a binary COPY. It has a mutex because after a lost
// connection a goroutine of the driver may continue to read for a moment, when the batch may be in
// use again.
type copySource struct {
	mu      sync.Mutex
	batch   *Batch
	rows    []int32
	pending []byte
	// textual reports whether the rows are sent as lines of text, which need no trailer.
	textual bool
	ended   bool
	// omitted are the columns that the COPY does not have.
	omitted string
}

// Read fills p until there are no more rows.
func (s *copySource) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(p) {
		if len(s.pending) == 0 && !s.next() {
			break
		}
		copied := copy(p[n:], s.pending)
		s.pending = s.pending[copied:]
		n += copied
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// next sets pending to the next row or the trailer; it returns false at the end.
func (s *copySource) next() bool {
	switch {
	case len(s.rows) > 0 && s.textual:
		s.pending, s.rows = s.batch.copyLine(s.rows[0], s.omitted), s.rows[1:]
	case len(s.rows) > 0:
		s.pending, s.rows = s.batch.copied(s.rows[0], s.omitted), s.rows[1:]
	case !s.ended:
		s.pending, s.ended = []byte(copyTrailer), true
	default:
		return false
	}
	return true
}

// copied returns a row in binary COPY format without the omitted columns.
func (b *Batch) copied(row int32, omitted string) []byte {
	if omitted == "" {
		return b.encoded(row)
	}
	fields := make([][]byte, b.table.fields())
	splitFields(fields, b.encoded(row))
	copied, n := append([]byte(nil), 0, 0), uint16(0)
	for i, field := range fields {
		if i < b.table.bookkeeping || !contains(omitted, i-b.table.bookkeeping) {
			copied = append(copied, field...)
			n++
		}
	}
	binary.BigEndian.PutUint16(copied, n)
	return copied
}

// close releases the batch. Later reads return io.EOF.
func (s *copySource) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batch, s.rows, s.pending, s.ended = nil, nil, nil, true
}
