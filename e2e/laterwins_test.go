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

// shipment is one import of a round: the key of each of its rows.
type shipment struct {
	label string
	keys  []int
	op    client.Accepted
	err   error
}

// body tells in each record where it stands, so that the table tells which of them won.
func (s *shipment) body() []byte {
	return tool.NDJSON(len(s.keys), func(i int) tool.Tool {
		return tool.Tool{ID: keyName(s.keys[i]), Name: s.label, Category: strconv.Itoa(i + 1)}
	})
}

func keyName(key int) string { return fmt.Sprintf("K%05d", key) }

// TestLaterRecordWins sends overlapping imports at the same time, of which each has keys that occur again and again: in one chunk, in
// distant chunks, in the others. Of all the rows of a key the later one of the import that was accepted last wins.
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
			submitTogether(t, s, shipments)
			m := make([]client.Monitor, len(shipments))
			for i, one := range shipments {
				m[i] = s.WaitFor(one.op, "Succeeded")
			}
			expectWinners(t, s, shipments)
			expectEachCreatedOnce(t, s, m)
		})
	}
}

// randomShipments makes imports over a common range of keys: each some thousand rows, in one of several orders.
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
			slices.Sort(rows) // equal keys side by side, in one chunk
		case 1:
			slices.Sort(rows)
			slices.Reverse(rows) // crosswise to the others
		case 2:
			copy(rows[len(rows)/2:], rows[:len(rows)/2]) // the same again, in distant chunks
		}
		shipments[i] = &shipment{label: fmt.Sprintf("import %d", i), keys: rows}
	}
	return shipments
}

func submitTogether(t *testing.T, s *stack.Stack, shipments []*shipment) {
	t.Helper()
	var all sync.WaitGroup
	for _, one := range shipments {
		body := client.RequestBody{Type: "application/x-ndjson", Content: one.body()}
		all.Go(func() { one.op, one.err = s.Client().Import(t.Context(), "tools", body) })
	}
	all.Wait()
	for _, one := range shipments {
		if one.err != nil {
			t.Fatal(one.err)
		}
	}
}

// expectWinners works out which row of which import should hold each key and compares.
func expectWinners(t *testing.T, s *stack.Stack, shipments []*shipment) {
	t.Helper()
	type winner struct {
		Key, Label, Row string
		Number          int64
	}
	accepted := make(map[*shipment]int64)
	for _, one := range shipments {
		accepted[one] = int64(s.Number(`SELECT number FROM xforce.tasks WHERE task_id = $1`, one.op.ID))
	}
	slices.SortFunc(shipments, func(a, b *shipment) int { return int(accepted[a] - accepted[b]) })
	winners := make(map[string]winner)
	for _, one := range shipments {
		for i, key := range one.keys {
			winners[keyName(key)] = winner{keyName(key), one.label, strconv.Itoa(i + 1), accepted[one]}
		}
	}
	rows, err := s.DB().Query(t.Context(), `SELECT tool_id, tool_name, category, import_number FROM xforce.tools`)
	if err != nil {
		t.Fatal(err)
	}
	held, err := pgx.CollectRows(rows, pgx.RowToStructByPos[winner])
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]winner)
	for _, one := range held {
		got[one.Key] = one
	}
	if diff := cmp.Diff(winners, got); diff != "" {
		t.Errorf("winners (-want +got):\n%s", diff)
	}
}

// expectEachCreatedOnce: every key was created by exactly one record of all imports together.
func expectEachCreatedOnce(t *testing.T, s *stack.Stack, monitors []client.Monitor) {
	t.Helper()
	created := 0
	for _, m := range monitors {
		created += m.Counts.Created
	}
	if held := s.Number(`SELECT count(*) FROM xforce.tools`); created != held {
		t.Errorf("%d records are said to be created, and the table holds %d", created, held)
	}
	seen := make(map[string]bool)
	for _, m := range monitors {
		for _, r := range s.Records(client.Accepted{OperationLocation: s.Client().Base() + "/operations/" + m.ID}, "created") {
			var record tool.Tool
			if err := json.Unmarshal(r.Record, &record); err != nil {
				t.Fatal(err)
			}
			if seen[record.ID] {
				t.Errorf("key %s was created twice", record.ID)
			}
			seen[record.ID] = true
		}
	}
}

// TestLaterWinsInOneChunk: in a single chunk it is known exactly what becomes of each row.
func TestLaterRecordWinsInOneChunk(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	twice := &shipment{label: "twice", keys: []int{1, 2, 3, 2, 1, 1}}
	op := s.SubmitLines(twice.body())
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 6, Created: 3, Superseded: 3, Imported: 6})
	expectOutcome(t, s, op, "superseded", 1, 2, 5)
	expectOutcome(t, s, op, "created", 3, 4, 6)
	again := s.SubmitLines(twice.body())
	expectCounts(t, s.WaitFor(again, "Succeeded"), client.Counts{Total: 6, Updated: 3, Superseded: 3, Imported: 6})
	expectOutcome(t, s, again, "updated", 3, 4, 6)
}

// TestLaterImportWins seals two uploads in the other order than they began: the one that was accepted later wins.
func TestLaterImportWins(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=100"}})
	slow := &shipment{label: "began first", keys: slices.Repeat([]int{1, 2, 3}, 2_000)}
	quick := &shipment{label: "accepted first", keys: slices.Repeat([]int{1, 2, 3, 4}, 20)}
	upload, err := s.Client().BeginUpload(t.Context(), "tools", "application/x-ndjson", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer upload.Abort()
	if err := upload.Send(slow.body()); err != nil {
		t.Fatal(err)
	}
	s.WaitForSQL(takenBackWithin, "the upload to be under way", `SELECT count(*) > 0 FROM xforce.task_chunks`)
	quick.op = s.SubmitLines(quick.body())
	s.WaitFor(quick.op, "Succeeded")
	if err := upload.End(); err != nil {
		t.Fatal(err)
	}
	slow.op = mustBeAccepted(t, s, upload)
	s.WaitFor(slow.op, "Succeeded")
	expectWinners(t, s, []*shipment{slow, quick})
}

// mustBeAccepted expects the 202 of an upload.
func mustBeAccepted(t *testing.T, s *stack.Stack, upload *client.Upload) client.Accepted {
	t.Helper()
	answer, err := upload.Response(acceptedWithin)
	if err != nil {
		t.Fatal(err)
	}
	op, err := s.Client().Accepted(answer)
	if err != nil {
		t.Fatal(err)
	}
	return op
}
