package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 30, 10)
	alternate := func(_ context.Context, s *store.Step) (store.Effect, error) {
		var effect store.Effect
		for n := range s.Rows {
			effect.Outcomes = append(effect.Outcomes, []operation.Outcome{operation.Created, operation.Updated}[n%2])
		}
		return effect, nil
	}
	if _, err := f.store.RunStep(t.Context(), of(op, 1), alternate); err != nil {
		t.Fatal(err)
	}
	for outcome, want := range map[operation.Outcome][]int{
		operation.Created:     {11, 13, 15, 17, 19},
		operation.Updated:     {12, 14, 16, 18, 20},
		operation.Superseded:  nil,
		operation.Unprocessed: {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30},
	} {
		var rows []int
		err := f.store.Records(t.Context(), op.ID, outcome, func(row int, received []byte) error {
			rows = append(rows, row)
			if want := fmt.Sprintf(`{"n":%d}`, row); string(received) != want {
				t.Errorf("row %d = %s, want %s", row, received, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("rows of outcome %s (-want +got):\n%s", outcome, diff)
		}
	}
}

func TestRejections(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 4, 250, 60)
	for _, seq := range []int{3, 0, 4, 2, 1} {
		f.step(t, of(op, seq), operation.Rejected)
	}
	for limit, want := range map[int]int{0: 250, 1: 1, 100: 100, 101: 101, 1000: 250} {
		next := 1
		err := f.store.Rejections(t.Context(), op.ID, limit, func(r operation.Rejection) error {
			if r.Row != next || len(r.Reasons) != 1 || r.Reasons[0].Pointer != "/n" || string(r.Received) != `{"n":"x"}` {
				t.Errorf("visit got %+v, want row %d", r, next)
			}
			next++
			return nil
		})
		if err != nil || next-1 != want {
			t.Errorf("Rejections(%d) visited %d records, %v, want %d", limit, next-1, err, want)
		}
	}
}

// TestRejectionsKeepBytes: a record that JSONB refuses must not fail the step, and one that JSONB
// can't store without loss is stored as text. The bytes are always stored, too.
func TestRejectionsKeepBytes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	deep := strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)
	tooDeep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	long := `{"a":` + strings.Repeat("9", 100_000) + `}`
	asText := func(text string) string { return string(must(json.Marshal(text))) }
	records := []struct{ received, record string }{
		{`{"a":1}`, `{"a": 1}`},
		{`"text"`, `"text"`},
		{`{"a":"\ud83d\ude00"}`, `{"a": "😀"}`},
		{`{"b":{"a":1},"a":1}`, `{"a": 1, "b": {"a": 1}}`},
		{`{"a":1,"a":2}`, asText(`{"a":1,"a":2}`)},
		{`{"a":1,"\u0061":2}`, asText(`{"a":1,"\u0061":2}`)},
		{`{"a":[{"b":1,"b":1}]}`, asText(`{"a":[{"b":1,"b":1}]}`)},
		{`{"a":"\u0000"}`, asText(`{"a":"\u0000"}`)},
		{`{"\u0000":1}`, asText(`{"\u0000":1}`)},
		{`{"a":"\ud800"}`, asText(`{"a":"\ud800"}`)},
		{"{\"a\":\"\xff\"}", asText("{\"a\":\"\uFFFD\"}")},
		{`{"a":1e200000}`, asText(`{"a":1e200000}`)},
		{`{"a":1e131000}`, asText(`{"a":1e131000}`)},
		{`{"a":1E+0000000000000000000400000}`, asText(`{"a":1E+0000000000000000000400000}`)},
		{long, asText(long)},
		{deep, asText(deep)},
		{tooDeep, asText(tooDeep)},
		{`[1,2`, asText(`[1,2`)},
		{"", asText("")},
		{"\x00", asText("\uFFFD")},
	}
	op := f.start(t, 1, len(records), len(records))
	work := func(context.Context, *store.Step) (store.Effect, error) {
		var effect store.Effect
		for n, r := range records {
			effect.Outcomes = append(effect.Outcomes, operation.Rejected)
			effect.Rejections = append(effect.Rejections,
				operation.Rejection{Row: n + 1, Received: []byte(r.received), Reasons: []operation.Reason{{Code: "x"}}})
		}
		return effect, nil
	}
	if _, err := f.store.RunStep(t.Context(), of(op, 0), work); err != nil {
		t.Fatal(err)
	}
	err := f.store.Rejections(t.Context(), op.ID, 0, func(r operation.Rejection) error {
		if string(r.Received) != records[r.Row-1].received {
			t.Errorf("Received of row %d = %.40q, want %.40q", r.Row, r.Received, records[r.Row-1].received)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n, r := range records {
		var same bool
		const query = `SELECT record::text = $2::jsonb::text FROM xforce.task_progress WHERE row_number = $1`
		if err := f.sql.QueryRow(t.Context(), query, n+1, r.record).Scan(&same); err != nil || !same {
			t.Errorf("record of %.40q equals %.40q = %v, %v, want true", r.received, r.record, same, err)
		}
	}
}

// TestRecordsOfPrunedOperation: a download during which the operation is pruned must not look
// complete.
func TestRecordsOfPrunedOperation(t *testing.T) {
	t.Parallel()
	for _, outcome := range []operation.Outcome{operation.Updated, operation.Rejected} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			op := f.start(t, 1, 400, 100)
			for seq := range 4 {
				f.step(t, of(op, seq), outcome)
			}
			visited := 0
			visit := func() error {
				visited++
				if visited == 1 {
					f.prune(t, op)
					f.purgeAll(t, op)
				}
				return nil
			}
			var err error
			if outcome == operation.Rejected {
				err = f.store.Rejections(t.Context(), op.ID, 0, func(operation.Rejection) error { return visit() })
			} else {
				err = f.store.Records(t.Context(), op.ID, outcome, func(int, []byte) error { return visit() })
			}
			if !fault.Is(err, fault.Gone) || visited == 0 || visited == 400 {
				t.Errorf("after %d records of 400: %v, want a fault of kind Gone after some of them", visited, err)
			}
		})
	}
}
