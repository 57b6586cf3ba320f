package load

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The ends of a binary COPY: signature, flags and the length of an extension; then the field count that no row has.
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// copyRows copies rows straight into the table: every one of them is new, or none is written. The savepoint goes
// in the same message as the COPY, which spares a round trip.
func (l *loader) copyRows(ctx context.Context, rows []int32) error {
	source := &copySource{batch: l.batch, rows: rows, pending: []byte(copyHeader)}
	tag, err := l.conn.CopyFrom(ctx, source, savepointSQL+"; "+l.table.copySQL)
	source.close()
	if err != nil {
		return err
	}
	if tag.RowsAffected() != int64(len(rows)) {
		return fmt.Errorf("%d of %d rows were kept: a trigger or rule of the table drops rows, which cannot be counted",
			tag.RowsAffected(), len(rows))
	}
	for _, row := range rows {
		l.batch.outcomes[row] = operation.Created
	}
	return nil
}

// copySource reads rows as the stream of a binary COPY. It is locked because the driver may leave a goroutine behind that
// reads on for a moment after its connection was lost, when the batch may be in use again.
type copySource struct {
	mu      sync.Mutex
	batch   *Batch
	rows    []int32
	pending []byte
	ended   bool
}

// Read fills p as far as there are rows.
func (s *copySource) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(p) {
		if len(s.pending) == 0 && !s.advance() {
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

// advance makes the next part of the stream pending.
func (s *copySource) advance() bool {
	switch {
	case len(s.rows) > 0:
		s.pending, s.rows = s.batch.encoded(s.rows[0]), s.rows[1:]
	case !s.ended:
		s.pending, s.ended = []byte(copyTrailer), true
	default:
		return false
	}
	return true
}

// close takes the batch away from whoever still reads.
func (s *copySource) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batch, s.rows, s.pending, s.ended = nil, nil, nil, true
}
