// Package file cuts a report's file into the pieces that every replica of the api can read, and takes its digest on the way.
package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/longshore-io/longshore/pkg/store"
)

// BlockBytes is the size of every piece but the last: quickly written, quickly read, and a small part of a download.
const BlockBytes = 512 << 10

// Append keeps a piece.
type Append func(ctx context.Context, p store.OutputBlock) error

// TooLargeError tells that a file would be larger than it may be.
type TooLargeError struct {
	// Limit is in bytes.
	Limit int64
}

// Error tells the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the file would be larger than %d bytes", e.Limit)
}

// Writer is a file in the making. It holds one piece. Its errors are those of Append, and *TooLargeError.
type Writer struct {
	ctx     context.Context //nolint:containedctx // an io.Writer has no other way to take it
	keep    Append
	limit   int64
	digest  hash.Hash
	buffer  []byte
	written int64
	seq     int
}

// New begins a file of at most limit bytes.
func New(ctx context.Context, limit int64, keep Append) *Writer {
	return &Writer{ctx: ctx, keep: keep, limit: limit, digest: sha256.New(), buffer: make([]byte, 0, BlockBytes)}
}

// Write takes the next bytes.
func (w *Writer) Write(p []byte) (int, error) {
	taken := 0
	for taken < len(p) {
		n := min(len(p)-taken, BlockBytes-len(w.buffer))
		w.buffer = append(w.buffer, p[taken:taken+n]...)
		taken += n
		if len(w.buffer) < BlockBytes {
			break
		}
		if err := w.flush(); err != nil {
			return taken, err
		}
	}
	return taken, nil
}

func (w *Writer) flush() error {
	if w.written+int64(len(w.buffer)) > w.limit {
		return &TooLargeError{Limit: w.limit}
	}
	if err := w.keep(w.ctx, store.OutputBlock{Seq: w.seq, Offset: w.written, Bytes: w.buffer}); err != nil {
		return err
	}
	_, _ = w.digest.Write(w.buffer) // a hash never fails
	w.written += int64(len(w.buffer))
	w.seq++
	w.buffer = w.buffer[:0]
	return nil
}

// Close keeps the last piece, and returns the file's size and the hexadecimal digits of its SHA-256.
func (w *Writer) Close() (size int64, digest string, err error) {
	if len(w.buffer) > 0 {
		if err := w.flush(); err != nil {
			return 0, "", err
		}
	}
	return w.written, hex.EncodeToString(w.digest.Sum(nil)), nil
}
