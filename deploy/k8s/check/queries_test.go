package check

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// operations contain each kind and each state.
var operations = []struct {
	kind                operation.Kind
	state               operation.State
	chunks, done, lanes int
}{
	{operation.Import, operation.Waiting, 20, 0, 8},  // 8 chunks at a time
	{operation.Import, operation.Running, 20, 17, 8}, // 3 remaining chunks
	{operation.Import, operation.Waiting, 0, 0, 8},   // a multipart upload before it is split: 1
	{operation.Import, operation.Running, 1, 0, 8},   // 1
	{operation.Import, operation.Receiving, 5, 0, 8}, // not due
	{operation.Import, operation.Succeeded, 20, 20, 8},
	{operation.Import, operation.Failed, 20, 3, 8},
	{operation.Import, operation.Cancelled, 20, 3, 8},
	{operation.Search, operation.Waiting, 1, 0, 1},
	{operation.Search, operation.Running, 1, 0, 1},
	{operation.Search, operation.TimedOut, 1, 0, 1},
	{operation.Search, operation.Succeeded, 1, 1, 1},
	{operation.Report, operation.Running, 1, 0, 1},
	{operation.Report, operation.Succeeded, 1, 1, 1},
}

// TestTriggerQueries runs KEDA's queries on a real database, with the role that KEDA has.
func TestTriggerQueries(t *testing.T) {
	t.Parallel()
	database := storetest.NewDatabase(t)
	conn := storetest.Connect(t, database)
	keda := storetest.Connect(t, storetest.As(t, database, grants.Reader))
	cluster, _ := read(t, render(t, prod))
	if len(cluster.triggers) != 3 {
		t.Fatalf("prod has %d triggers, want 3", len(cluster.triggers))
	}
	expect := func(want map[string]float64) {
		t.Helper()
		for _, trigger := range cluster.triggers {
			var got float64 // as KEDA reads it
			if err := keda.QueryRow(t.Context(), trigger.Metadata["query"]).Scan(&got); err != nil {
				t.Errorf("%s: %v", trigger.Scaler, err)
			}
			if got != want[trigger.Scaler] {
				t.Errorf("query of %s = %v, want %v", trigger.Scaler, got, want[trigger.Scaler])
			}
		}
	}
	expect(map[string]float64{"importer": 0, "searcher": 0, "reporter": 0})
	for i, o := range operations {
		const insert = `INSERT INTO xforce.tasks (task_id, task_reference, kind, collection, status, number, total_chunks, done_chunks, lanes)
			VALUES ($1, $2, $3, 'tools', $4::text, CASE WHEN $4::text = 'receiving' THEN NULL ELSE $5::bigint END, $6, $7, $8)`
		if _, err := conn.Exec(t.Context(), insert, uuid.New(), fmt.Sprint("REFERENCE", i), string(o.kind), string(o.state), 1000+i, o.chunks, o.done, o.lanes); err != nil {
			t.Fatal(err)
		}
	}
	expect(map[string]float64{"importer": 8 + 3 + 1 + 1, "searcher": 2, "reporter": 1})
	acceptReport(t, database)
	expect(map[string]float64{"importer": 13, "searcher": 2, "reporter": 2})
}

// acceptReport stores a report as the api does, so that the queries fit what it stores.
func acceptReport(t *testing.T, database string) {
	t.Helper()
	s := storetest.Open(t, database, store.Options{Application: t.Name(), MaxConns: 2})
	if _, err := s.Accept(t.Context(), store.Draft{Reference: operation.NewReference(), Kind: operation.Report, Collection: "tools", Lanes: 1}); err != nil {
		t.Fatal(err)
	}
}
