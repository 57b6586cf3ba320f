package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/store"
)

func TestOutputExtent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.report(t)
	expect := func(want store.Extent) {
		t.Helper()
		got, err := f.store.OutputExtent(t.Context(), op.ID, store.FileStage)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("OutputExtent() = %v (-want +got):\n%s", err, diff)
		}
	}
	expect(store.Extent{Whole: true})
	for _, tt := range []struct {
		block store.OutputBlock
		want  store.Extent
	}{
		{store.OutputBlock{Seq: 0, Rows: 2, Bytes: []byte("abc")}, store.Extent{Blocks: 1, Rows: 2, Bytes: 3, Whole: true}},
		{store.OutputBlock{Seq: 1, Rows: 1, Offset: 3, Bytes: []byte("de")}, store.Extent{Blocks: 2, Rows: 3, Bytes: 5, Whole: true}},
		{store.OutputBlock{Seq: 3, Offset: 5, Bytes: []byte("f")}, store.Extent{Blocks: 3, Rows: 3, Bytes: 6}},
		{store.OutputBlock{Seq: 2, Offset: 9, Bytes: []byte("g")}, store.Extent{Blocks: 4, Rows: 3, Bytes: 7}},
	} {
		if err := f.store.AppendOutput(t.Context(), op.ID, store.FileStage, tt.block); err != nil {
			t.Fatal(err)
		}
		expect(tt.want)
	}
}

func TestBlockOfRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, 0)
	for seq, rows := range []int{3, 1, 2} {
		if err := f.store.AppendOutput(t.Context(), op.ID, store.RowsStage,
			store.OutputBlock{Seq: seq, Rows: rows, Bytes: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	for row, want := range [][2]int{{0, 0}, {0, 0}, {0, 0}, {1, 3}, {2, 4}, {2, 4}} {
		seq, before, ok, err := f.store.BlockOfRow(t.Context(), op.ID, store.RowsStage, row)
		if got := [2]int{seq, before}; err != nil || !ok || got != want {
			t.Errorf("BlockOfRow(%d) = %v, %v, %v, want %v", row, got, ok, err, want)
		}
	}
	if _, _, ok, err := f.store.BlockOfRow(t.Context(), op.ID, store.RowsStage, 6); ok || err != nil {
		t.Errorf("BlockOfRow(6) = %v, %v, want false", ok, err)
	}
}
