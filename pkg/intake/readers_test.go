package intake_test

import (
	"io"
	"iter"
	"strings"
	"testing/iotest"
)

// readers returns readers of a body that differ in the sizes of their reads: whole, byte by byte, in
// halves, in blocks of odd sizes, and with io.EOF together with the last bytes.
func readers(body string) iter.Seq2[string, io.Reader] {
	return func(yield func(string, io.Reader) bool) {
		_ = yield("whole", strings.NewReader(body)) &&
			yield("byte", iotest.OneByteReader(strings.NewReader(body))) &&
			yield("half", iotest.HalfReader(strings.NewReader(body))) &&
			yield("blocks", &blockReader{rest: body, size: 7}) &&
			yield("eof-with-data", iotest.DataErrReader(strings.NewReader(body)))
	}
}

// blockReader reads a few bytes at a time. Every second read returns none.
type blockReader struct {
	rest  string
	size  int
	empty bool
}

func (r *blockReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		return 0, io.EOF
	}
	if r.empty = !r.empty; r.empty {
		return 0, nil
	}
	n := copy(p, r.rest[:min(r.size, len(r.rest))])
	r.rest = r.rest[n:]
	return n, nil
}
