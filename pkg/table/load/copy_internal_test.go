package load

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// TestCopySourceRead reads the header, the rows in their order and the trailer with buffers of all
// sizes.
func TestCopySourceRead(t *testing.T) {
	t.Parallel()
	batch := &Batch{rows: []byte("firstsecond"), entries: []entry{{start: 0, end: 5}, {start: 5, end: 11}}}
	want := []byte(copyHeader + "secondfirst" + copyTrailer)
	source := &copySource{batch: batch, rows: []int32{1, 0}, pending: []byte(copyHeader)}
	if err := iotest.TestReader(source, want); err != nil {
		t.Error(err)
	}
	source = &copySource{batch: batch, rows: []int32{1, 0}, pending: []byte(copyHeader)}
	if got, err := io.ReadAll(iotest.OneByteReader(source)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("ReadAll() = %q, %v, want %q", got, err, want)
	}
}

// TestCopySourceReadAfterClose reads as a goroutine of the driver does after its connection was
// lost.
func TestCopySourceReadAfterClose(t *testing.T) {
	t.Parallel()
	batch := &Batch{rows: []byte("row"), entries: []entry{{start: 0, end: 3}}}
	source := &copySource{batch: batch, rows: []int32{0}, pending: []byte(copyHeader)}
	if _, err := source.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	source.close()
	if n, err := source.Read(make([]byte, 100)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Read() = %d, %v, want 0, EOF", n, err)
	}
}
