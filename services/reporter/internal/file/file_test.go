package file_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/reporter/internal/file"
)

func TestWriterWritesConsecutiveBlocks(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, file.BlockBytes - 1, file.BlockBytes, file.BlockBytes + 1, 3*file.BlockBytes + 5} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			content := bytes.Repeat([]byte("0123456789abc"), size/13+1)[:size]
			var got []byte
			blocks := 0
			w := file.New(t.Context(), int64(size), func(_ context.Context, block store.OutputBlock) error {
				if block.Seq != blocks || block.Offset != int64(len(got)) || len(block.Bytes) == 0 || len(block.Bytes) > file.BlockBytes {
					t.Errorf("block %d: seq %d, offset %d, %d bytes, want offset %d", blocks, block.Seq, block.Offset, len(block.Bytes), len(got))
				}
				blocks++
				got = append(got, block.Bytes...)
				return nil
			})
			for part := range bytes.SplitSeq(content, []byte("5")) { // writes of different sizes
				if _, err := w.Write(part); err != nil {
					t.Fatal(err)
				}
			}
			want := bytes.ReplaceAll(content, []byte("5"), nil)
			written, digest, err := w.Close()
			if wantDigest := fmt.Sprintf("%x", sha256.Sum256(want)); err != nil || written != int64(len(want)) || digest != wantDigest {
				t.Errorf("Close() = %d, %s, %v, want %d, %s", written, digest, err, len(want), wantDigest)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the blocks contain %d other bytes, want %d", len(got), len(want))
			}
		})
	}
}

func TestWriterLimit(t *testing.T) {
	t.Parallel()
	discard := func(context.Context, store.OutputBlock) error { return nil }
	w := file.New(t.Context(), 10, discard)
	_, _ = w.Write(make([]byte, 11))
	if _, _, err := w.Close(); err == nil || err.Error() != "the file would be larger than 10 bytes" {
		t.Errorf("Close() = %v, want a TooLargeError", err)
	}
	w = file.New(t.Context(), file.BlockBytes, discard)
	if _, err := w.Write(make([]byte, 2*file.BlockBytes)); err == nil {
		t.Error("Write() beyond the limit = nil, want an error")
	}
}

func TestWriterReturnsErrorOfAppend(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	w := file.New(t.Context(), 1<<30, func(context.Context, store.OutputBlock) error { return broken })
	if n, err := w.Write(make([]byte, file.BlockBytes+3)); !errors.Is(err, broken) || n != file.BlockBytes {
		t.Errorf("Write() = %d, %v, want %d, %v", n, err, file.BlockBytes, broken)
	}
}
