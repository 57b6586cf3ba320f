package intake

import (
	"bytes"
	"errors"
	"io"
)

// errRecordTooLarge means that a record does not end within its limit.
var errRecordTooLarge = errors.New("record exceeds its limit")

// input is the decoded body as the parsers read it. It enforces the limit of a record: the parsers
// are libraries that read until they see the end of a record, so input returns an error when they
// read past the end that the current record may have at most.
type input struct {
	reader io.Reader
	limits Limits
	// hold is Body.holdMore; held is how large a parser's buffer may be without calling it.
	hold func(bytes int) error
	held int

	head      []byte // read ahead by newInput, not yet returned
	offset    int64  // of the next byte to return, from the beginning of the body
	recordAt  int64  // offset of the current record or of the space before it
	maxOffset int64  // offset at which the current record must have ended
	lines     lines
	pending   error // of the underlying reader, not yet returned
	err       error // returned
}

// newInput reads the first bytes of a body in UTF-8 and skips a byte order mark.
func newInput(decoded io.Reader, limits Limits, hold func(bytes int) error) (*input, error) {
	in := &input{reader: decoded, limits: limits, hold: hold, held: slack}
	head := make([]byte, 4)
	in.head = head[:in.fill(head)]
	if len(in.head) == 0 {
		if errors.Is(in.pending, io.EOF) {
			return nil, emptyBody()
		}
		return nil, in.pending
	}
	if bytes.HasPrefix(in.head, utf8Mark) {
		in.offset = int64(len(utf8Mark))
		in.head = in.head[in.offset:]
	}
	in.lines.first = in.offset
	in.beginRecord(in.offset)
	return in, nil
}

// fill reads until p is full or the reader returns an error.
func (in *input) fill(p []byte) (n int) {
	for n < len(p) && in.pending == nil {
		var read int
		read, in.pending = in.reader.Read(p[n:])
		n += read
	}
	return n
}

// beginRecord is called when a record, or anything else that is read as a whole, begins at offset.
func (in *input) beginRecord(offset int64) {
	in.recordAt = offset
	in.maxOffset = offset + int64(in.limits.Record) + slack
}

// Read fills p if it can. The parsers scan all unread bytes after each read, so with a client that
// sends byte by byte a large record would otherwise take time in the square of its size.
func (in *input) Read(p []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	if in.offset >= in.maxOffset {
		in.err = errRecordTooLarge
		return 0, in.err
	}
	if in.err = in.holdBuffer(len(p)); in.err != nil {
		return 0, in.err
	}
	p = p[:min(int64(len(p)), in.maxOffset-in.offset)]
	n := copy(p, in.head)
	in.head = in.head[n:]
	n += in.fill(p[n:])
	if n == 0 && in.pending != nil {
		in.err = in.pending
		return 0, in.err
	}
	in.lines.forget(in.recordAt)
	in.lines.add(in.offset, p[:n])
	in.offset += int64(n)
	return n, nil
}

// holdBuffer is called when the parser reads into a buffer that has free bytes left behind the current
// record. It holds what the buffer has grown to, and as much for a copy of the record.
func (in *input) holdBuffer(free int) error {
	buffer := int(in.offset-in.recordAt) + free
	if buffer <= in.held {
		return nil
	}
	more := buffer - in.held
	in.held = buffer
	return in.hold(2 * more)
}

// failure returns the error that ended the reading; nil after io.EOF.
func (in *input) failure() error {
	if in.err == nil || errors.Is(in.err, io.EOF) {
		return nil
	}
	if errors.Is(in.err, errRecordTooLarge) {
		return in.recordTooLarge(in.recordAt)
	}
	return in.err
}
