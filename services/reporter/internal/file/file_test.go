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

func TestAFileIsCutIntoPiecesThatFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, file.BlockBytes - 1, file.BlockBytes, file.BlockBytes + 1, 3*file.BlockBytes + 5} {
		content := bytes.Repeat([]byte("0123456789abc"), size/13+1)[:size]
		var kept []byte
		var pieces int
		w := file.New(t.Context(), int64(size), func(_ context.Context, p store.OutputBlock) error {
			if p.Seq != pieces || p.Offset != int64(len(kept)) || len(p.Bytes) == 0 || len(p.Bytes) > file.BlockBytes {
				t.Errorf("%d bytes: piece %d at %d with %d bytes", size, p.Seq, p.Offset, len(p.Bytes))
			}
			pieces++
			kept = append(kept, p.Bytes...)
			return nil
		})
		for part := range bytes.SplitSeq(content, []byte("5")) { // parts of any size
			if _, err := w.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		content = bytes.ReplaceAll(content, []byte("5"), nil)
		written, digest, err := w.Close()
		if err != nil || !bytes.Equal(kept, content) || written != int64(len(content)) || digest != fmt.Sprintf("%x", sha256.Sum256(content)) {
			t.Errorf("%d bytes: %d written, %d kept, %v", size, written, len(kept), err)
		}
	}
}

func TestAFileHasALimit(t *testing.T) {
	t.Parallel()
	keep := func(context.Context, store.OutputBlock) error { return nil }
	w := file.New(t.Context(), 10, keep)
	_, _ = w.Write(make([]byte, 11))
	if _, _, err := w.Close(); err == nil || err.Error() != "the file would be larger than 10 bytes" {
		t.Errorf("%v", err)
	}
	w = file.New(t.Context(), file.BlockBytes, keep)
	if _, err := w.Write(make([]byte, 2*file.BlockBytes)); err == nil {
		t.Error("a long write exceeds the limit unnoticed")
	}
}

func TestAnErrorOfTheStoreEndsTheFile(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	w := file.New(t.Context(), 1<<30, func(context.Context, store.OutputBlock) error { return broken })
	if n, err := w.Write(make([]byte, file.BlockBytes+3)); !errors.Is(err, broken) || n != file.BlockBytes {
		t.Errorf("%d, %v", n, err)
	}
}
