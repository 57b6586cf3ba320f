package load

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// TestCopySourceIsAStream reads a source byte by byte and at once: both give the header, the rows
// in their order and the end.
func TestCopySourceIsAStream(t *testing.T) {
	t.Parallel()
	batch := &Batch{rows: []byte("firstsecond"), entries: []entry{{start: 0, end: 5}, {start: 5, end: 11}}}
	want := []byte(copyHeader + "secondfirst" + copyTrailer)
	source := &copySource{batch: batch, rows: []int32{1, 0}, pending: []byte(copyHeader)}
	if err := iotest.TestReader(source, want); err != nil {
		t.Error(err)
	}
	source = &copySource{batch: batch, rows: []int32{1, 0}, pending: []byte(copyHeader)}
	if got, err := io.ReadAll(iotest.OneByteReader(source)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %q, %v", got, err)
	}
}

// TestClosedCopySourceLeavesTheBatchAlone: a goroutine of the driver that reads on finds nothing.
func TestClosedCopySourceLeavesTheBatchAlone(t *testing.T) {
	t.Parallel()
	batch := &Batch{rows: []byte("row"), entries: []entry{{start: 0, end: 3}}}
	source := &copySource{batch: batch, rows: []int32{0}, pending: []byte(copyHeader)}
	if _, err := source.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	source.close()
	if n, err := source.Read(make([]byte, 100)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
