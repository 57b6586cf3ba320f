package load_test

import (
	"fmt"
	"testing"

	"github.com/longshore-io/longshore/pkg/table/load"
)

// TestBatchReset loads several chunks with one batch. No data of the chunk before may reappear.
func TestBatchReset(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	batch := f.table.NewBatch()
	for number, records := range [][]record{
		{{1, `{"id":"a","price":1}`}, {2, `{"id":"b"}`}, {3, `{"id":"a","price":2}`}},
		{{1, `{"id":"c"}`}},
		{{1, `{"id":"a"}`}, {2, `{"id":"b","price":3}`}},
	} {
		batch.Reset()
		f.add(t, batch, records...)
		if _, err := loadBatch(t.Context(), f.conn, batch, int64(number+1)); err != nil {
			t.Fatal(err)
		}
	}
	f.wantRows(t, "SELECT id, price, import_number, import_row FROM parts ORDER BY id", "(a,,3,1)", "(b,3,3,2)", "(c,,2,1)")
}

// TestBatchAddInvalidRecord checks that an invalid record leaves no data in the batch.
func TestBatchAddInvalidRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	batch := f.table.NewBatch()
	f.add(t, batch, record{1, `{"id":"a"}`})
	reasons := batch.Add(2, members(t, f.collection, `{"price":"x","serial":3000000000,"maker":"acme"}`))
	var codes []string
	for _, r := range reasons {
		codes = append(codes, r.Pointer+" "+r.Code)
	}
	if got, want := fmt.Sprint(codes), "[/id not-null-violation /price type-mismatch /serial value-out-of-range]"; got != want {
		t.Errorf("Add() = %s, want %s", got, want)
	}
	f.add(t, batch, record{3, `{"id":"c"}`})
	result, err := loadBatch(t.Context(), f.conn, batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	summarize(batch, result).want(t, []string{"1:created", "3:created"}, nil)
}

func TestBatchAddRowOutOfRange(t *testing.T) {
	t.Parallel()
	f := newFixture(t, partsTable, partsSchema)
	for _, row := range []int{-1, 0, 1 << 31} {
		reasons := f.table.NewBatch().Add(row, members(t, f.collection, `{"id":"a"}`))
		if len(reasons) != 1 || reasons[0].Code != load.CodeOutOfRange {
			t.Errorf("Add(%d) = %v, want %s", row, reasons, load.CodeOutOfRange)
		}
	}
}
