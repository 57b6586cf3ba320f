package intake

import (
	"bytes"
	"sort"
)

// lines knows where the lines of a body begin, for the part of the body that is being read. What lies before
// is only counted, so that its memory does not grow with the body.
type lines struct {
	starts  []int64 // ascending offsets, each right after a newline
	first   int64   // where the line before starts[0] begins
	dropped int     // how many lines lie before that one
}

// add notes the newlines of a block that stands at offset.
func (l *lines) add(offset int64, block []byte) {
	for {
		i := bytes.IndexByte(block, '\n')
		if i < 0 {
			return
		}
		offset += int64(i) + 1
		block = block[i+1:]
		l.starts = append(l.starts, offset)
	}
}

// forget gives up what lies before the line that holds offset.
func (l *lines) forget(offset int64) {
	n := l.after(offset)
	if n == 0 {
		return
	}
	l.first = l.starts[n-1]
	l.dropped += n
	l.starts = l.starts[:copy(l.starts, l.starts[n:])]
}

// at tells line and column of an offset, both from 1; the column counts bytes.
func (l *lines) at(offset int64) (line int, column int64) {
	n := l.after(offset)
	begin := l.first
	if n > 0 {
		begin = l.starts[n-1]
	}
	return l.dropped + n + 1, offset - begin + 1
}

// offset is the inverse of at, for lines that are not forgotten.
func (l *lines) offset(line, column int) int64 {
	n := line - l.dropped - 2
	if n < 0 || n >= len(l.starts) {
		return l.first + int64(column) - 1
	}
	return l.starts[n] + int64(column) - 1
}

// after counts the known lines that begin at offset or before.
func (l *lines) after(offset int64) int {
	return sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > offset })
}
