package intake

import (
	"bytes"
	"sort"
)

// lines converts offsets in a body to line and column. It stores the beginnings of the lines that
// are being read and only counts the lines before, so that its memory does not grow with the body.
type lines struct {
	starts  []int64 // ascending offsets, each one after a newline
	first   int64   // offset of the line before starts[0]
	dropped int     // number of lines before that one
	// returns reports whether a carriage return that no newline follows ends a line too, as in CSV. returned reports
	// whether the last byte was one.
	returns, returned bool
}

// add adds the newlines of a block at offset.
func (l *lines) add(offset int64, block []byte) {
	if l.returns && (l.returned || bytes.IndexByte(block, '\r') >= 0) {
		l.addReturns(offset, block)
		return
	}
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

// addReturns is add for a block with carriage returns.
func (l *lines) addReturns(offset int64, block []byte) {
	for i, c := range block {
		if l.returned && c != '\n' {
			l.starts = append(l.starts, offset+int64(i))
		}
		l.returned = c == '\r'
		if c == '\n' {
			l.starts = append(l.starts, offset+int64(i)+1)
		}
	}
}

// forget drops the lines before the one that contains offset.
func (l *lines) forget(offset int64) {
	n := l.countBefore(offset)
	if n == 0 {
		return
	}
	l.first = l.starts[n-1]
	l.dropped += n
	l.starts = l.starts[:copy(l.starts, l.starts[n:])]
}

// position returns the line and the column of an offset, both from 1. The column counts bytes.
func (l *lines) position(offset int64) (line int, column int64) {
	n := l.countBefore(offset)
	start := l.first
	if n > 0 {
		start = l.starts[n-1]
	}
	return l.dropped + n + 1, offset - start + 1
}

// countBefore counts the stored lines that begin at offset or before.
func (l *lines) countBefore(offset int64) int {
	return sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > offset })
}
