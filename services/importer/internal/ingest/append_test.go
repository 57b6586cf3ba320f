package ingest_test

import (
	"sync"
	"testing"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// TestProcessAppendsOnce: without a key nothing in the table shows that a record is there already. A chunk whose entry the
// queue delivers several times, also at once, still creates each row once.
func TestProcessAppendsOnce(t *testing.T) {
	t.Parallel()
	const appended = `{"x-longshore":{"table":"pairs","write":"insert","ordering":"none"},"properties":{"k":{},"v":{"type":"integer"}}}`
	f := newFixtureOf(t, "CREATE TABLE pairs (place SERIAL, k TEXT, v INT)", map[string]string{"pairs": appended}, store.Options{}, 20)
	op := f.accept(t, `{"k":"a","v":1}`, `{"k":"a","v":1}`, `{"k":"b","v":"two"}`, `{"k":"a","v":1}`, `{"k":"c"}`)
	var group sync.WaitGroup
	for seq := range op.Chunks {
		for range 3 {
			group.Go(func() {
				// A delivery while another one is processed may be put off, which is an error.
				_ = f.worker.ProcessChunk(t.Context(), job.Chunk{OperationID: op.ID, Seq: seq})
			})
		}
		group.Wait()
		f.mustProcess(t, op, seq)
	}
	if got, want := f.read(t, op), (operation.Counts{Total: 5, Created: 4, Failed: 1}); got.State != operation.Succeeded || got.Counts != want {
		t.Errorf("operation = %s with %+v, want Succeeded with %+v", got.State, got.Counts, want)
	}
	var rows int
	if err := f.sql.QueryRow(t.Context(), "SELECT count(*) FROM pairs").Scan(&rows); err != nil || rows != 4 {
		t.Errorf("the table has %d rows (%v), want 4", rows, err)
	}
}
