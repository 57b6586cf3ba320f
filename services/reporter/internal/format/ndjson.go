package format

import (
	"bufio"
	"io"
)

// ndjsonWriter writes each record as it is, on a line of its own.
type ndjsonWriter struct{ out *bufio.Writer }

func newNDJSON(out io.Writer) *ndjsonWriter { return &ndjsonWriter{bufio.NewWriter(out)} }

// Write writes a line.
func (w *ndjsonWriter) Write(record []byte) error {
	if _, err := w.out.Write(record); err != nil {
		return err
	}
	return w.out.WriteByte('\n')
}

// Close writes what is still buffered.
func (w *ndjsonWriter) Close() error { return w.out.Flush() }
