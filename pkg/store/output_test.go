package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/store"
)

func TestOutputsAreReadInPieces(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	offset := int64(0)
	for seq := range 3 {
		p := store.OutputBlock{Seq: seq, Rows: seq, Offset: offset, Bytes: fmt.Appendf(nil, "piece %d %s", seq, strings.Repeat(".", seq))}
		if err := f.store.AppendOutput(t.Context(), op.ID, store.RowsStage, p); err != nil {
			t.Fatal(err)
		}
		offset += int64(len(p.Bytes))
	}
	two, err := f.store.Outputs(t.Context(), op.ID, store.RowsStage, 1, 5)
	if err != nil || len(two) != 2 || string(two[0].Bytes) != "piece 1 ." || two[1].Rows != 2 {
		t.Errorf("from the second on: %+v, %v", two, err)
	}
	for at, want := range map[int64]int{0: 0, 7: 0, 8: 1, 16: 1, 17: 2, offset - 1: 2, offset: -1, offset + 100: -1} {
		piece, err := f.store.OutputAt(t.Context(), op.ID, store.RowsStage, at)
		switch {
		case err != nil:
			t.Errorf("at %d: %v", at, err)
		case want < 0 && piece != nil:
			t.Errorf("at %d, behind the end: piece %d", at, piece.Seq)
		case want >= 0 && (piece == nil || piece.Seq != want):
			t.Errorf("at %d: %+v, want piece %d", at, piece, want)
		}
	}
	if none, err := f.store.OutputAt(t.Context(), op.ID, store.FileStage, 0); err != nil || none != nil {
		t.Errorf("of the other stage: %+v, %v", none, err)
	}
}

func TestATurnClearsOneStage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.begin(t)
	_, err := f.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, turn *store.ResumableStep) (store.Progress, error) {
		for _, stage := range []string{store.RowsStage, store.FileStage} {
			if err := turn.Append(ctx, stage, store.OutputBlock{Bytes: []byte("x")}); err != nil {
				return store.Progress{}, err
			}
		}
		return store.Progress{}, turn.Clear(ctx, store.RowsStage)
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE stage = 'file'`); n != 1 || f.count(t, `SELECT count(*) FROM xforce.task_outputs`) != 1 {
		t.Errorf("%d pieces of the file are left", n)
	}
}
