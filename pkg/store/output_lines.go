package store

import (
	"bytes"
	"iter"
)

// LineBlocks packs lines into consecutive blocks of at most maxBytes, or of one line if that is
// longer. The first block has number seq and begins at offset. Each line is ended by a newline.
func LineBlocks(seq int, offset int64, lines [][]byte, maxBytes int) iter.Seq[OutputBlock] {
	return func(yield func(OutputBlock) bool) {
		block := OutputBlock{Seq: seq, Offset: offset}
		for _, line := range lines {
			if block.Rows > 0 && len(block.Bytes)+len(line)+1 > maxBytes {
				if !yield(block) {
					return
				}
				block = OutputBlock{Seq: block.Seq + 1, Offset: block.Offset + int64(len(block.Bytes))}
			}
			block.Bytes = append(append(block.Bytes, line...), '\n')
			block.Rows++
		}
		if block.Rows > 0 {
			yield(block)
		}
	}
}

// Lines returns the lines of the block, without their newlines.
func (b OutputBlock) Lines() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(b.Bytes) {
			if !yield(bytes.TrimSuffix(line, []byte("\n"))) {
				return
			}
		}
	}
}
