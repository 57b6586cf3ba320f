package intake_test

import (
	"io"
	"iter"
	"strings"
	"testing/iotest"
)

// readings gives a body in the ways that a transport may: whole, byte by byte, in halves, in odd pieces, and
// with the end told together with the last bytes.
func readings(body string) iter.Seq2[string, io.Reader] {
	return func(yield func(string, io.Reader) bool) {
		_ = yield("whole", strings.NewReader(body)) &&
			yield("byte", iotest.OneByteReader(strings.NewReader(body))) &&
			yield("half", iotest.HalfReader(strings.NewReader(body))) &&
			yield("pieces", &pieces{rest: body, size: 7}) &&
			yield("end-with-data", iotest.DataErrReader(strings.NewReader(body)))
	}
}

// pieces reads a few bytes at a time, and now and then none.
type pieces struct {
	rest string
	size int
	idle bool
}

func (p *pieces) Read(to []byte) (int, error) {
	if p.rest == "" {
		return 0, io.EOF
	}
	if p.idle = !p.idle; p.idle {
		return 0, nil
	}
	n := copy(to, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	return n, nil
}
