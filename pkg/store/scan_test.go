package store_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

func numbers(t *testing.T, rows string) (*store.Store, *collection.Collection) {
	t.Helper()
	url := storetest.NewDatabase(t)
	statement := `CREATE TABLE numbers (n INT PRIMARY KEY); INSERT INTO numbers SELECT generate_series(1, ` + rows + `)`
	if _, err := storetest.Connect(t, url).Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	c, err := collection.Parse("numbers", []byte(`{"x-longshore":{"table":"public.numbers","key":["n"]},"properties":{"n":{"type":"integer"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return db, c
}

func TestRowsAreCountedIfFewAndEstimatedIfMany(t *testing.T) {
	t.Parallel()
	few, c := numbers(t, "1234")
	if n, err := few.EstimateRows(t.Context(), c); err != nil || n != 1234 {
		t.Errorf("few: %d, %v", n, err)
	}
	many, c := numbers(t, "60000") // nobody has analyzed the table
	if n, err := many.EstimateRows(t.Context(), c); err != nil || n < 30_000 || n > 120_000 {
		t.Errorf("many: %d, %v", n, err)
	}
}

func TestThePieceOfARowIsFound(t *testing.T) {
	t.Parallel()
	db, _ := numbers(t, "1")
	op, err := db.Accept(t.Context(), store.Draft{Reference: operation.NewReference(), Kind: operation.Search, Collection: "numbers", Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	for seq, rows := range []int{3, 1, 2} {
		if err := db.AppendOutput(t.Context(), op.ID, store.RowsStage, store.OutputBlock{Seq: seq, Rows: rows, Bytes: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	for row, want := range [][2]int{{0, 0}, {0, 0}, {0, 0}, {1, 3}, {2, 4}, {2, 4}} {
		seq, before, ok, err := db.BlockOfRow(t.Context(), op.ID, store.RowsStage, row)
		if err != nil || !ok || seq != want[0] || before != want[1] {
			t.Errorf("row %d: piece %d after %d, %v, %v", row, seq, before, ok, err)
		}
	}
	if _, _, ok, err := db.BlockOfRow(t.Context(), op.ID, store.RowsStage, 6); ok || err != nil {
		t.Errorf("behind the last: %v, %v", ok, err)
	}
}
