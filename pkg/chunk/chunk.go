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

// minBuffer is the capacity with which the buffer of a Packer begins.
const minBuffer = 64 << 10

// Rows returns the number of records in the current chunk.
func (p *Packer) Rows() int { return p.rows }

// Buffer returns the capacity of the buffer of the current chunk, in bytes.
func (p *Packer) Buffer() int { return cap(p.uncompressed) }

// BufferFor returns the capacity that the buffer has after Grow(size).
func (p *Packer) BufferFor(size int) int {
	need := len(p.uncompressed) + binary.MaxVarintLen64 + size
	if need <= cap(p.uncompressed) {
		return cap(p.uncompressed)
	}
	return max(minBuffer, need, min(2*cap(p.uncompressed), p.maxBytes+minBuffer))
}

// Grow makes room for a record of the size, so that Add allocates nothing.
func (p *Packer) Grow(size int) {
	if capacity := p.BufferFor(size); capacity > cap(p.uncompressed) {
		p.uncompressed = append(make([]byte, 0, capacity), p.uncompressed...)
	}
}

// Release releases the buffer. It may only be called after Cut.
func (p *Packer) Release() { p.uncompressed = nil }

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

// UnpackedBytes returns the size to which a payload unpacks, from its first 16 bytes.
func UnpackedBytes(start []byte) (int, error) {
	size, err := s2.DecodedLen(start)
	if err != nil || size > MaxUnpackedBytes {
		return 0, fmt.Errorf("%w: its header declares %d uncompressed bytes", ErrCorrupt, size)
	}
	return size, nil
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
	if _, err := UnpackedBytes(payload); err != nil {
		return nil, err
	}
	var err error
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
