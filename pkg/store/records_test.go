package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestRecordsTellWhatBecameOfEveryRow(t *testing.T) {
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
				t.Errorf("row %d is %s", row, received)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("%s (-want +got):\n%s", outcome, diff)
		}
	}
}

func TestRejectionsComeInPagesAndOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 4, 250, 60)
	for _, seq := range []int{3, 0, 4, 2, 1} {
		f.mustStep(t, of(op, seq), operation.Rejected)
	}
	for limit, want := range map[int]int{0: 250, 1: 1, 100: 100, 101: 101, 1000: 250} {
		next := 1
		err := f.store.Rejections(t.Context(), op.ID, limit, func(r operation.Rejection) error {
			if r.Row != next || len(r.Reasons) != 1 || r.Reasons[0].Pointer != "/n" || string(r.Received) != `{"n":"x"}` {
				t.Errorf("at place %d: %+v", next, r)
			}
			next++
			return nil
		})
		if err != nil || next-1 != want {
			t.Errorf("limit %d: %d rejections, %v; want %d", limit, next-1, err, want)
		}
	}
}

// What JSONB refuses must not cost the step, and what it would lose a part of is kept as text; the bytes are kept beside it.
func TestHardRecordsAreKeptByteForByte(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	deep := strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)
	tooDeep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	long := `{"a":` + strings.Repeat("9", 100_000) + `}`
	asText := func(text string) string { return string(must(json.Marshal(text))) }
	hard := []struct{ received, record string }{
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
	op := f.start(t, 1, len(hard), len(hard))
	work := func(context.Context, *store.Step) (store.Effect, error) {
		var effect store.Effect
		for n, r := range hard {
			effect.Outcomes = append(effect.Outcomes, operation.Rejected)
			effect.Rejections = append(effect.Rejections, operation.Rejection{Row: n + 1, Received: []byte(r.received), Reasons: []operation.Reason{{Code: "x"}}})
		}
		return effect, nil
	}
	if _, err := f.store.RunStep(t.Context(), of(op, 0), work); err != nil {
		t.Fatal(err)
	}
	err := f.store.Rejections(t.Context(), op.ID, 0, func(r operation.Rejection) error {
		if string(r.Received) != hard[r.Row-1].received {
			t.Errorf("row %d came back as %.40q", r.Row, r.Received)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n, r := range hard {
		var same bool
		const query = `SELECT record::text = $2::jsonb::text FROM xforce.task_progress WHERE row_number = $1`
		if err := f.sql.QueryRow(t.Context(), query, n+1, r.record).Scan(&same); err != nil || !same {
			t.Errorf("record %.40q is not kept as %.40q: %v", r.received, r.record, err)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
