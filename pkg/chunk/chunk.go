// Package chunk packs consecutive records into the payload of xforce.task_chunks and reads them back, byte for
// byte. A payload is S2 over records that each follow their length, so that a reader needs no parser to
// find where a record ends and malformed bytes inside a record cannot spill into the next. S2 and not zstd, because
// the api spends more time on compressing than on everything else: zstd makes a chunk smaller, but costs many times more.
package chunk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
)

// MaxUnpackedBytes bounds what a payload may unpack to, whatever the limits were when it was packed.
const MaxUnpackedBytes = 256 << 20

// ErrCorrupt means that a payload is not what Pack wrote.
var ErrCorrupt = errors.New("chunk payload is corrupt")

// Chunk is a finished chunk, ready to be staged.
type Chunk struct {
	// Seq is its place in the operation, from 0.
	Seq int
	// FirstRow is the row number of its first record, from 1.
	FirstRow int
	Rows     int
	// Payload is compressed; an Opener reads it.
	Payload []byte
}

// buffers keeps the buffers of compression, so that an upload of any size needs only a few.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Packer collects records and cuts them into chunks of at most maxRows records and about maxBytes unpacked.
// It is not safe for concurrent use.
type Packer struct {
	maxRows, maxBytes int

	seq, firstRow, rows int
	plain               []byte
}

// NewPacker returns a packer whose first record is row 1 of chunk 0.
func NewPacker(maxRows, maxBytes int) *Packer {
	return &Packer{maxRows: maxRows, maxBytes: maxBytes, firstRow: 1}
}

// Add appends a record, which it copies, and reports whether the chunk is full and must be cut.
func (p *Packer) Add(record []byte) (full bool) {
	p.plain = binary.AppendUvarint(p.plain, uint64(len(record)))
	p.plain = append(p.plain, record...)
	p.rows++
	return p.rows >= p.maxRows || len(p.plain) >= p.maxBytes
}

// Cut finishes the current chunk and begins the next.
func (p *Packer) Cut() Chunk {
	scratch, _ := buffers.Get().(*[]byte)
	defer buffers.Put(scratch)
	*scratch = s2.Encode((*scratch)[:cap(*scratch)], p.plain)
	cut := Chunk{Seq: p.seq, FirstRow: p.firstRow, Rows: p.rows, Payload: bytes.Clone(*scratch)}
	p.seq++
	p.firstRow += p.rows
	p.rows = 0
	p.plain = p.plain[:0]
	return cut
}

// Opener unpacks payloads. Its buffers are used again, so that a worker does not allocate them for every chunk. The zero value
// is ready; it is not safe for concurrent use.
type Opener struct {
	plain   []byte
	records [][]byte
}

// Open unpacks a payload of rows records. They are valid until the next call and must not be appended to.
func (o *Opener) Open(payload []byte, rows int) ([][]byte, error) {
	size, err := s2.DecodedLen(payload)
	if err != nil || size > MaxUnpackedBytes {
		return nil, fmt.Errorf("%w: it says that it unpacks to %d bytes", ErrCorrupt, size)
	}
	o.plain, err = s2.Decode(o.plain[:cap(o.plain)], payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	o.records = o.records[:0]
	for rest := o.plain; len(rest) > 0; {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) { //nolint:gosec // n is at most the length
			return nil, ErrCorrupt
		}
		end := n + int(size) //nolint:gosec // just compared with the length
		o.records = append(o.records, rest[n:end:end])
		rest = rest[end:]
	}
	if len(o.records) != rows {
		return nil, fmt.Errorf("%w: %d records where %d are recorded", ErrCorrupt, len(o.records), rows)
	}
	return o.records, nil
}
