package intake

import (
	"bytes"
	"io"
)

// lineEnds reads CSV for csv.Reader, which drops the carriage return before a newline, also within quotes, where
// it is part of a cell. There it puts a second one before the newline, so that one is left.
type lineEnds struct {
	source io.Reader
	// quoted reports whether the next byte is within quotes, and returned whether the last was a carriage return.
	quoted, returned bool
	rest             []byte // not yet read
	buffer           []byte
	total            int64 // number of bytes read or in rest
	// added are the positions, among the bytes read, of the carriage returns that were added and are not yet
	// counted in skipped.
	added   []int64
	skipped int64
}

// Read implements io.Reader. A block without a carriage return, which most are, is not copied.
func (l *lineEnds) Read(p []byte) (n int, err error) {
	if len(l.rest) > 0 {
		n = copy(p, l.rest)
		l.rest = l.rest[n:]
		return n, nil
	}
	n, err = l.source.Read(p)
	block := p[:n]
	if !l.returned && bytes.IndexByte(block, '\r') < 0 {
		l.count(block)
		l.total += int64(n)
		return n, err
	}
	l.rest = l.keep(block)
	l.total += int64(len(l.rest))
	n = copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, err
}

// keep returns the block with the carriage returns that are added.
func (l *lineEnds) keep(block []byte) []byte {
	l.buffer = l.buffer[:0]
	for {
		end := bytes.IndexByte(block, '\n')
		if end < 0 {
			l.count(block)
			return append(l.buffer, block...)
		}
		l.count(block[:end])
		l.buffer = append(l.buffer, block[:end]...)
		if l.quoted && l.returned {
			l.added = append(l.added, l.total+int64(len(l.buffer)))
			l.buffer = append(l.buffer, '\r')
		}
		l.buffer = append(l.buffer, '\n')
		l.returned = false
		block = block[end+1:]
	}
}

// count notes the state after a text without a newline.
func (l *lineEnds) count(text []byte) {
	if len(text) == 0 {
		return
	}
	if bytes.Count(text, []byte{'"'})%2 == 1 {
		l.quoted = !l.quoted
	}
	l.returned = text[len(text)-1] == '\r'
}

// offset returns the number of bytes of the source among the first n bytes that were read. n must not decrease
// from one call to the next.
func (l *lineEnds) offset(n int64) int64 {
	passed := 0
	for passed < len(l.added) && l.added[passed] < n {
		passed++
	}
	l.added = l.added[:copy(l.added, l.added[passed:])]
	l.skipped += int64(passed)
	return n - l.skipped
}
