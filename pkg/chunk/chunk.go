// Package chunk packs consecutive records into the payload of xforce.task_chunks and reads them back
// byte for byte. In a payload each record follows its length, so that a reader needs no parser to
// find the end of a record, and malformed bytes in a record cannot affect the next one. The whole is
// compressed with S2. zstd would make it smaller, but takes many times longer, and the api already
// spends most of its time on compression.
package chunk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
)

// MaxUnpackedBytes is the maximum size of a decompressed payload, independent of the limits with
// which it was packed.
const MaxUnpackedBytes = 256 << 20

// ErrCorrupt means that a payload was not written by a Packer.
var ErrCorrupt = errors.New("chunk payload is corrupt")

// Chunk is a finished chunk, ready to be staged.
type Chunk struct {
	// Seq is its number in the operation, from 0.
	Seq int
	// FirstRow is the row number of its first record, from 1.
	FirstRow int
	// Rows is the number of records.
	Rows int
	// Payload contains the compressed records; see Opener.
	Payload []byte
}

// buffers are reused for compression, so that an upload of any size needs only a few.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Packer packs records into chunks of at most maxRows records. A chunk is also full when its
// uncompressed size reaches maxBytes. It is not safe for concurrent use.
type Packer struct {
	maxRows, maxBytes int

	seq, firstRow, rows int
	uncompressed        []byte
}

// NewPacker returns a Packer whose first record is row 1 of chunk 0.
func NewPacker(maxRows, maxBytes int) *Packer {
	return &Packer{maxRows: maxRows, maxBytes: maxBytes, firstRow: 1}
}

// Add adds a copy of a record and reports whether the chunk is full and Cut must be called.
func (p *Packer) Add(record []byte) (full bool) {
	p.uncompressed = binary.AppendUvarint(p.uncompressed, uint64(len(record)))
	p.uncompressed = append(p.uncompressed, record...)
	p.rows++
	return p.rows >= p.maxRows || len(p.uncompressed) >= p.maxBytes
}

// Cut returns the current chunk and begins the next one.
func (p *Packer) Cut() Chunk {
	scratch, _ := buffers.Get().(*[]byte)
	defer buffers.Put(scratch)
	*scratch = s2.Encode((*scratch)[:cap(*scratch)], p.uncompressed)
	c := Chunk{Seq: p.seq, FirstRow: p.firstRow, Rows: p.rows, Payload: bytes.Clone(*scratch)}
	p.seq++
	p.firstRow += p.rows
	p.rows = 0
	p.uncompressed = p.uncompressed[:0]
	return c
}

// Opener reads payloads. It reuses its buffers, so that a worker does not allocate them for every
// chunk. The zero value is ready. It is not safe for concurrent use.
type Opener struct {
	uncompressed []byte
	records      [][]byte
}

// Open returns the records of a payload, which must be rows records. They are valid until the next
// call and must not be appended to.
func (o *Opener) Open(payload []byte, rows int) ([][]byte, error) {
	size, err := s2.DecodedLen(payload)
	if err != nil || size > MaxUnpackedBytes {
		return nil, fmt.Errorf("%w: its header declares %d uncompressed bytes", ErrCorrupt, size)
	}
	o.uncompressed, err = s2.Decode(o.uncompressed[:cap(o.uncompressed)], payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	o.records = o.records[:0]
	for rest := o.uncompressed; len(rest) > 0; {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) { //nolint:gosec // n is at most the length
			return nil, ErrCorrupt
		}
		end := n + int(size) //nolint:gosec // just compared with the length
		o.records = append(o.records, rest[n:end:end])
		rest = rest[end:]
	}
	if len(o.records) != rows {
		return nil, fmt.Errorf("%w: it contains %d records, not %d", ErrCorrupt, len(o.records), rows)
	}
	return o.records, nil
}
