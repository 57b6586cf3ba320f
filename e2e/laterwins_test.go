package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// shipment is one of several overlapping imports. keys contains the key of each of its rows.
type shipment struct {
	label string
	keys  []int
	op    client.Accepted
	err   error
}

// body returns the records. Each contains its import and row, so that the table shows which one was
// kept.
func (s *shipment) body() []byte {
	return tool.NDJSON(len(s.keys), func(i int) tool.Tool {
		return tool.Tool{ID: keyName(s.keys[i]), Name: s.label, Category: strconv.Itoa(i + 1)}
	})
}

func keyName(key int) string { return fmt.Sprintf("K%05d", key) }

// TestLaterRecordWins posts overlapping imports concurrently. Their keys are repeated within a
// chunk, in distant chunks and in other imports. Of all records of a key, the last one of the
// import that was accepted last must be kept.
func TestLaterRecordWins(t *testing.T) {
	t.Parallel()
	random := newRandom(t)
	for round := range 3 {
		chunkRecords := 20 + random.IntN(400)
		t.Run(fmt.Sprintf("round_%d", round), func(t *testing.T) {
			s := stack.Start(t, stack.Options{Importers: 2, Env: []string{
				"LONGSHORE_IMPORTER_CONCURRENCY=4", fmt.Sprintf("LONGSHORE_CHUNK_RECORDS=%d", chunkRecords),
			}})
			shipments := randomShipments(random)
			submitConcurrently(t, s, shipments)
			monitors := make([]client.Monitor, len(shipments))
			for i, shipment := range shipments {
				monitors[i] = s.WaitFor(shipment.op, "Succeeded")
			}
			expectLaterRecords(t, s, shipments)
			expectEachCreatedOnce(t, s, monitors)
		})
	}
}

// randomShipments returns imports over a common range of keys. Each has some thousand rows, in one
// of several orders.
func randomShipments(random *rand.Rand) []*shipment {
	keys := 500 + random.IntN(4_000)
	shipments := make([]*shipment, 3+random.IntN(3))
	for i := range shipments {
		rows := make([]int, 2_000+random.IntN(8_000))
		for row := range rows {
			rows[row] = random.IntN(keys)
		}
		switch random.IntN(4) {
		case 0:
			slices.Sort(rows) // equal keys are adjacent, in one chunk
		case 1:
			slices.Sort(rows)
			slices.Reverse(rows) // the opposite order of the other imports
		case 2:
			copy(rows[len(rows)/2:], rows[:len(rows)/2]) // equal keys are in distant chunks
		}
		shipments[i] = &shipment{label: fmt.Sprintf("import %d", i), keys: rows}
	}
	return shipments
}

func submitConcurrently(t *testing.T, s *stack.Stack, shipments []*shipment) {
	t.Helper()
	var wg sync.WaitGroup
	for _, shipment := range shipments {
		body := client.RequestBody{Type: "application/x-ndjson", Content: shipment.body()}
		wg.Go(func() { shipment.op, shipment.err = s.Client().Import(t.Context(), "tools", body) })
	}
	wg.Wait()
	for _, shipment := range shipments {
		if shipment.err != nil {
			t.Fatal(shipment.err)
		}
	}
}

// expectLaterRecords computes which row of which import must be kept for each key, and compares the
// table.
func expectLaterRecords(t *testing.T, s *stack.Stack, shipments []*shipment) {
	t.Helper()
	type keptRow struct {
		Key, Label, Row string
		Number          int64
	}
	numbers := make(map[*shipment]int64)
	for _, shipment := range shipments {
		numbers[shipment] = int64(s.Number(`SELECT number FROM xforce.tasks WHERE task_id = $1`, shipment.op.ID))
	}
	slices.SortFunc(shipments, func(a, b *shipment) int { return int(numbers[a] - numbers[b]) })
	want := make(map[string]keptRow)
	for _, shipment := range shipments {
		for i, key := range shipment.keys {
			want[keyName(key)] = keptRow{keyName(key), shipment.label, strconv.Itoa(i + 1), numbers[shipment]}
		}
	}
	rows, err := s.DB().Query(t.Context(), `SELECT tool_id, tool_name, category, import_number FROM xforce.tools`)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := pgx.CollectRows(rows, pgx.RowToStructByPos[keptRow])
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]keptRow)
	for _, row := range kept {
		got[row.Key] = row
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kept rows (-want +got):\n%s", diff)
	}
}

// expectEachCreatedOnce checks that exactly one record of all imports has created each key.
func expectEachCreatedOnce(t *testing.T, s *stack.Stack, monitors []client.Monitor) {
	t.Helper()
	created := 0
	for _, m := range monitors {
		created += m.Counts.Created
	}
	if want := s.Number(`SELECT count(*) FROM xforce.tools`); created != want {
		t.Errorf("got %d created records, want %d as in the table", created, want)
	}
	seen := make(map[string]bool)
	for _, m := range monitors {
		for _, r := range s.Records(client.Accepted{OperationLocation: s.Client().Base() + "/operations/" + m.ID}, "created") {
			var record tool.Tool
			if err := json.Unmarshal(r.Record, &record); err != nil {
				t.Fatal(err)
			}
			if seen[record.ID] {
				t.Errorf("key %s: got two created records, want one", record.ID)
			}
			seen[record.ID] = true
		}
	}
}

// TestLaterRecordWinsInOneChunk checks the exact outcome of each record of an import of one chunk.
func TestLaterRecordWinsInOneChunk(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	repeated := &shipment{label: "repeated", keys: []int{1, 2, 3, 2, 1, 1}}
	op := s.SubmitLines(repeated.body())
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 6, Created: 3, Superseded: 3, Imported: 6})
	expectOutcome(t, s, op, "superseded", 1, 2, 5)
	expectOutcome(t, s, op, "created", 3, 4, 6)
	again := s.SubmitLines(repeated.body())
	expectCounts(t, s.WaitFor(again, "Succeeded"), client.Counts{Total: 6, Updated: 3, Superseded: 3, Imported: 6})
	expectOutcome(t, s, again, "updated", 3, 4, 6)
}

// TestLaterImportWins completes two uploads in the opposite order of their starts. The records of
// the import that was accepted later must be kept.
func TestLaterImportWins(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=100"}})
	slow := &shipment{label: "started first", keys: slices.Repeat([]int{1, 2, 3}, 2_000)}
	quick := &shipment{label: "accepted first", keys: slices.Repeat([]int{1, 2, 3, 4}, 20)}
	upload, err := s.Client().BeginUpload(t.Context(), "tools", "application/x-ndjson", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer upload.Abort()
	if err := upload.Send(slow.body()); err != nil {
		t.Fatal(err)
	}
	s.WaitForSQL(rollbackTimeout, "a chunk of the upload to be staged", `SELECT count(*) > 0 FROM xforce.task_chunks`)
	quick.op = s.SubmitLines(quick.body())
	s.WaitFor(quick.op, "Succeeded")
	if err := upload.End(); err != nil {
		t.Fatal(err)
	}
	slow.op = mustBeAccepted(t, s, upload)
	s.WaitFor(slow.op, "Succeeded")
	expectLaterRecords(t, s, []*shipment{slow, quick})
}

// mustBeAccepted checks that an upload is answered 202.
func mustBeAccepted(t *testing.T, s *stack.Stack, upload *client.Upload) client.Accepted {
	t.Helper()
	response, err := upload.Response(maxAcceptTime)
	if err != nil {
		t.Fatal(err)
	}
	op, err := s.Client().Accepted(response)
	if err != nil {
		t.Fatal(err)
	}
	return op
}
