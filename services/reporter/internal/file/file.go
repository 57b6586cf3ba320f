// Package file writes a report's file to Postgres: it cuts the file into blocks, which every api
// replica can read, and computes its digest.
package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/longshore-io/longshore/pkg/store"
)

// BlockBytes is the size of every block but the last. It is small enough to be written and read
// quickly.
const BlockBytes = 512 << 10

// Append stores a block. It must not retain the block's bytes.
type Append func(ctx context.Context, block store.OutputBlock) error

// TooLargeError means that a file would exceed its size limit.
type TooLargeError struct {
	// Limit is in bytes.
	Limit int64
}

// Error returns the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the file would be larger than %d bytes", e.Limit)
}

// Writer writes a file. It buffers one block. It returns the errors of Append, and *TooLargeError.
type Writer struct {
	ctx         context.Context //nolint:containedctx // io.Writer has no parameter for it
	appendBlock Append
	limit       int64
	digest      hash.Hash
	buffer      []byte
	written     int64
	seq         int
}

// New returns a writer for a file of at most limit bytes.
func New(ctx context.Context, limit int64, appendBlock Append) *Writer {
	return &Writer{ctx: ctx, appendBlock: appendBlock, limit: limit, digest: sha256.New(), buffer: make([]byte, 0, BlockBytes)}
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		room := min(len(p)-n, BlockBytes-len(w.buffer))
		w.buffer = append(w.buffer, p[n:n+room]...)
		n += room
		if len(w.buffer) < BlockBytes {
			break
		}
		if err := w.flush(); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (w *Writer) flush() error {
	if w.written+int64(len(w.buffer)) > w.limit {
		return &TooLargeError{Limit: w.limit}
	}
	if err := w.appendBlock(w.ctx, store.OutputBlock{Seq: w.seq, Offset: w.written, Bytes: w.buffer}); err != nil {
		return err
	}
	_, _ = w.digest.Write(w.buffer) // a hash never fails
	w.written += int64(len(w.buffer))
	w.seq++
	w.buffer = w.buffer[:0]
	return nil
}

// Close writes the last block and returns the file's size and the hexadecimal digits of its
// SHA-256.
func (w *Writer) Close() (size int64, digest string, err error) {
	if len(w.buffer) > 0 {
		if err := w.flush(); err != nil {
			return 0, "", err
		}
	}
	return w.written, hex.EncodeToString(w.digest.Sum(nil)), nil
}
