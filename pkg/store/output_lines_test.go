package store_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/store"
)

func TestLineBlocks(t *testing.T) {
	t.Parallel()
	lines := [][]byte{[]byte("a"), []byte("b"), []byte("a long line"), []byte(""), []byte("cc")}
	want := []store.OutputBlock{
		{Seq: 3, Rows: 2, Offset: 100, Bytes: []byte("a\nb\n")},
		{Seq: 4, Rows: 1, Offset: 104, Bytes: []byte("a long line\n")},
		{Seq: 5, Rows: 2, Offset: 116, Bytes: []byte("\ncc\n")},
	}
	got := slices.Collect(store.LineBlocks(3, 100, lines, 4))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("LineBlocks() (-want +got):\n%s", diff)
	}
	var unpacked [][]byte
	for _, block := range got {
		unpacked = slices.AppendSeq(unpacked, block.Lines())
	}
	if diff := cmp.Diff(lines, unpacked); diff != "" {
		t.Errorf("Lines() (-want +got):\n%s", diff)
	}
	if got := slices.Collect(store.LineBlocks(3, 100, nil, 4)); len(got) != 0 {
		t.Errorf("LineBlocks() without lines = %v, want none", got)
	}
}
