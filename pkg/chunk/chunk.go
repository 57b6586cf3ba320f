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
	// Payload is compressed; Open reads it.
	Payload []byte
}

// Plain is a chunk that was cut but not compressed yet.
type Plain struct {
	seq, firstRow, rows int
	bytes               []byte
}

// Pack compresses the chunk and gives its buffer back; the plain chunk must not be used any more.
func (p Plain) Pack() Chunk {
	scratch, _ := buffers.Get().(*[]byte)
	*scratch = s2.Encode((*scratch)[:cap(*scratch)], p.bytes)
	c := Chunk{Seq: p.seq, FirstRow: p.firstRow, Rows: p.rows, Payload: bytes.Clone(*scratch)}
	buffers.Put(scratch)
	buffers.Put(&p.bytes)
	return c
}

// buffers keeps the buffers of chunks in the making, so that an upload of any size needs only a few.
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

// Pending reports whether records wait to be cut.
func (p *Packer) Pending() bool { return p.rows > 0 }

// Cut finishes the current chunk and begins the next. Compressing is left to the caller, who may do it elsewhere.
func (p *Packer) Cut() Plain {
	cut := Plain{seq: p.seq, firstRow: p.firstRow, rows: p.rows, bytes: p.plain}
	p.seq++
	p.firstRow += p.rows
	p.rows = 0
	next, _ := buffers.Get().(*[]byte)
	p.plain = (*next)[:0]
	return cut
}

// Open unpacks a payload into its records. They share one buffer and must not be appended to.
func Open(payload []byte, rows int) ([][]byte, error) {
	size, err := s2.DecodedLen(payload)
	if err != nil || size > MaxUnpackedBytes {
		return nil, fmt.Errorf("%w: it says that it unpacks to %d bytes", ErrCorrupt, size)
	}
	plain, err := s2.Decode(nil, payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	records := make([][]byte, 0, rows)
	for len(plain) > 0 {
		size, n := binary.Uvarint(plain)
		if n <= 0 || size > uint64(len(plain)-n) { //nolint:gosec // n is at most the length
			return nil, ErrCorrupt
		}
		end := n + int(size) //nolint:gosec // just compared with the length
		records = append(records, plain[n:end:end])
		plain = plain[end:]
	}
	if len(records) != rows {
		return nil, fmt.Errorf("%w: %d records where %d are recorded", ErrCorrupt, len(records), rows)
	}
	return records, nil
}
