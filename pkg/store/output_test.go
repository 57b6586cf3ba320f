package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/store"
)

func TestOutputsAndOutputAt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	end := int64(0)
	for seq := range 3 {
		b := store.OutputBlock{Seq: seq, Rows: seq, Offset: end, Bytes: fmt.Appendf(nil, "block %d %s", seq, strings.Repeat(".", seq))}
		if err := f.store.AppendOutput(t.Context(), op.ID, store.RowsStage, b); err != nil {
			t.Fatal(err)
		}
		end += int64(len(b.Bytes))
	}
	blocks, err := f.store.Outputs(t.Context(), op.ID, store.RowsStage, 1, 5)
	if err != nil || len(blocks) != 2 || string(blocks[0].Bytes) != "block 1 ." || blocks[1].Rows != 2 {
		t.Errorf("Outputs(1, 5) = %+v, %v, want blocks 1 and 2", blocks, err)
	}
	for offset, want := range map[int64]int{0: 0, 7: 0, 8: 1, 16: 1, 17: 2, end - 1: 2, end: -1, end + 100: -1} {
		got := -1
		block, err := f.store.OutputAt(t.Context(), op.ID, store.RowsStage, offset)
		if block != nil {
			got = block.Seq
		}
		if err != nil || got != want {
			t.Errorf("OutputAt(%d) = block %d, %v, want block %d", offset, got, err, want)
		}
	}
	if block, err := f.store.OutputAt(t.Context(), op.ID, store.FileStage, 0); err != nil || block != nil {
		t.Errorf("OutputAt() of an empty stage = %+v, %v, want nil", block, err)
	}
}

func TestClearDeletesOneStage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	_, err := f.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, step *store.ResumableStep) (store.Progress, error) {
		for _, stage := range []string{store.RowsStage, store.FileStage} {
			if err := step.Append(ctx, stage, store.OutputBlock{Bytes: []byte("x")}); err != nil {
				return store.Progress{}, err
			}
		}
		return store.Progress{}, step.Clear(ctx, store.RowsStage)
	})
	if err != nil {
		t.Fatal(err)
	}
	for stage, want := range map[string]int{store.RowsStage: 0, store.FileStage: 1} {
		if got := f.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE stage = $1`, stage); got != want {
			t.Errorf("%d blocks in stage %s, want %d", got, stage, want)
		}
	}
}
