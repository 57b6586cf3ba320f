package format

import (
	"bufio"
	"io"
)

// ndjsonWriter writes each record unchanged, on a line of its own.
type ndjsonWriter struct{ out *bufio.Writer }

func newNDJSON(out io.Writer) *ndjsonWriter { return &ndjsonWriter{bufio.NewWriter(out)} }

// Write writes one line.
func (w *ndjsonWriter) Write(record []byte) error {
	if _, err := w.out.Write(record); err != nil {
		return err
	}
	return w.out.WriteByte('\n')
}

// Close flushes.
func (w *ndjsonWriter) Close() error { return w.out.Flush() }
