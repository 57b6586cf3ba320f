package intake

import (
	"bytes"
	"errors"
	"io"

	"github.com/longshore-io/longshore/pkg/fault"
)

// errFence means that a record does not end within its limit.
var errFence = errors.New("record exceeds its limit")

// source is the decoded body as the parsers read it. It holds them to the limit of a record: the parsers are
// libraries that hold a record as a whole and ask for more until they see its end, so a record is bound by
// refusing to read past a fence that moves along with the records.
type source struct {
	body   io.Reader
	limits Limits

	head   []byte // read already, not handed on
	offset int64  // of the next byte to hand on, counted from the body's begin
	mark   int64  // where the record in hand begins, or the space before it
	fence  int64
	lines  lines
	ended  error // met while filling, not handed on yet
	err    error // handed on
}

var (
	utf8Mark = []byte("\xef\xbb\xbf")
	wideMark = [][]byte{[]byte("\xff\xfe"), []byte("\xfe\xff")}
)

// newSource looks at the first bytes: a byte order mark is dropped, what is not UTF-8 is refused.
func newSource(body io.Reader, limits Limits) (*source, error) {
	s := &source{body: body, limits: limits}
	head := make([]byte, 4)
	s.head = head[:s.fill(head)]
	if len(s.head) == 0 {
		if errors.Is(s.ended, io.EOF) {
			return nil, emptyBody()
		}
		return nil, s.ended
	}
	if isWide(s.head) {
		return nil, fault.New(fault.Malformed, "not-utf8", "The body is encoded in UTF-16 or UTF-32. Convert it to UTF-8.")
	}
	if bytes.HasPrefix(s.head, utf8Mark) {
		s.offset = int64(len(utf8Mark))
		s.head = s.head[s.offset:]
	}
	s.lines.first = s.offset
	s.begin(s.offset)
	return s, nil
}

// fill reads until p is full or the body ended.
func (s *source) fill(p []byte) (n int) {
	for n < len(p) && s.ended == nil {
		var read int
		read, s.ended = s.body.Read(p[n:])
		n += read
	}
	return n
}

// isWide recognizes UTF-16 and UTF-32 by their marks, and by the zeros in the two characters of ASCII that
// every body of ours begins with (as RFC 4627, 3 did).
func isWide(head []byte) bool {
	for _, mark := range wideMark {
		if bytes.HasPrefix(head, mark) {
			return true
		}
	}
	return bytes.IndexByte(head[:min(2, len(head))], 0) >= 0
}

// begin moves the fence: a record begins at offset.
func (s *source) begin(offset int64) {
	s.mark = offset
	s.fence = offset + int64(s.limits.Record) + slack
}

// Read hands on as much as p holds, because the parsers look again at what they hold after a read: with a client
// that sends byte by byte, a large record would cost time in the square of its size.
func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.offset >= s.fence {
		s.err = errFence
		return 0, s.err
	}
	p = p[:min(int64(len(p)), s.fence-s.offset)]
	n := copy(p, s.head)
	s.head = s.head[n:]
	n += s.fill(p[n:])
	if n == 0 && s.ended != nil {
		s.err = s.ended
		return 0, s.err
	}
	s.lines.forget(s.mark)
	s.lines.add(s.offset, p[:n])
	s.offset += int64(n)
	return n, nil
}

// failed returns what ended the body, if that was not its proper end.
func (s *source) failed() error {
	if s.err == nil || errors.Is(s.err, io.EOF) {
		return nil
	}
	if errors.Is(s.err, errFence) {
		return s.recordTooLarge(s.mark)
	}
	return s.err
}

// locate adds to a fault where in the body it lies.
func (s *source) locate(f *fault.Fault, offset int64) *fault.Fault {
	line, column := s.lines.at(offset)
	return f.With("line", line).With("column", column).With("offset", offset)
}

func (s *source) recordTooLarge(offset int64) error {
	line, column := s.lines.at(offset)
	return s.locate(fault.New(fault.TooLarge, "record-too-large",
		"The record at line %d, column %d is larger than %d bytes. Check that it is closed properly, or make it smaller.",
		line, column, s.limits.Record), offset).With("limit", s.limits.Record)
}

func (s *source) tooDeep(offset int64) error {
	line, column := s.lines.at(offset)
	return s.locate(fault.New(fault.Malformed, "too-deep",
		"Arrays and objects are nested deeper than %d levels at line %d, column %d. Flatten the record.",
		s.limits.Depth, line, column), offset).With("limit", s.limits.Depth)
}

func (s *source) malformed(code, what, reason string, offset int64) *fault.Fault {
	line, column := s.lines.at(offset)
	return s.locate(fault.New(fault.Malformed, code,
		"The %s cannot be read at line %d, column %d: %s. Nothing was imported; correct it and send it again.",
		what, line, column, reason), offset)
}

func emptyBody() *fault.Fault {
	return fault.New(fault.Malformed, "empty-body", "The body is empty. Send the records to import.")
}
