package search_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// TestSearchFindsWhatPostgresFinds compares the result of many steps with that of one query.
func TestSearchFindsWhatPostgresFinds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{})
	for _, tt := range []struct {
		request, rest string
		minSteps      int
	}{
		{`{"filter":{"v":{"lt":1000}},"limit":100000}`, `WHERE v < 1000 ORDER BY k`, 2},
		{`{"filter":{"v":{"lt":1000}},"limit":7}`, `WHERE v < 1000 ORDER BY k LIMIT 7`, 1},
		{`{"limit":100000}`, `ORDER BY k`, 2},
		{`{"sort":["v"],"limit":50}`, `ORDER BY v LIMIT 50`, 2},
		{`{"sort":["-v"],"filter":{"v":{"lt":5000}},"limit":3000}`, `WHERE v < 5000 ORDER BY v DESC LIMIT 3000`, 2},
		{`{"query":"000123","limit":5}`, `WHERE k = '000123'`, 2},
		{`{"filter":{"k":"000123"},"limit":5}`, `WHERE k = '000123'`, 1},
		{`{"filter":{"v":-1},"limit":5}`, `WHERE false`, 2},
	} {
		t.Run(tt.request, func(t *testing.T) {
			op := f.accept(t, "pairs", tt.request)
			end, steps := f.run(t, op)
			want := f.expected(t, tt.rest)
			if diff := cmp.Diff(want, f.found(t, op), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("records (-want +got):\n%.2000s", diff)
			}
			if end.State != operation.Succeeded || end.Progress != 100 {
				t.Errorf("end = %s at %d %%, want succeeded at 100 %%", end.State, end.Progress)
			}
			var result struct{ Returned int }
			if err := json.Unmarshal(end.Result, &result); err != nil || result.Returned != len(want) {
				t.Errorf("result = %s, %v, want %d returned", end.Result, err, len(want))
			}
			if steps < tt.minSteps {
				t.Errorf("steps = %d, want at least %d", steps, tt.minSteps)
			}
		})
	}
}

func TestSearchWritesPartialResults(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{})
	for request, first := range map[string]string{
		`{"limit":100000}`:          `{"k":"000001","v":7919,"day":"2026-01-01"}`,
		`{"sort":["-k"],"limit":9}`: `{"k":"005000","v":93815,"day":"2026-01-01"}`,
	} {
		t.Run(request, func(t *testing.T) {
			op := f.accept(t, "pairs", request)
			f.mustStep(t, op)
			if now := f.refresh(t, op); now.State != operation.Running || now.Progress != 25 {
				t.Errorf("after a step: %s at %d %%, want running at 25 %%", now.State, now.Progress)
			}
			if found := f.found(t, op); len(found) == 0 || found[0] != first {
				t.Errorf("records after a step = %d, first %v, want first %s", len(found), found[:min(1, len(found))], first)
			}
		})
	}
}

func TestSearchLimitsResultBytes(t *testing.T) {
	t.Parallel()
	const maxBytes = 10_000
	f := newFixture(t, maxBytes, store.Options{})
	for _, request := range []string{`{"limit":100000}`, `{"sort":["-k"],"limit":100000}`} {
		t.Run(request, func(t *testing.T) {
			op := f.accept(t, "pairs", request)
			end, _ := f.run(t, op)
			size := 0
			for _, record := range f.found(t, op) {
				size += len(record) + 1
			}
			if size > maxBytes || size < maxBytes-100 {
				t.Errorf("bytes found = %d, want nearly %d", size, maxBytes)
			}
			if end.State != operation.Succeeded || !strings.Contains(string(end.Result), `"truncated": true`) {
				t.Errorf("end = %s, %s, want succeeded and truncated", end.State, end.Result)
			}
		})
	}
}

func TestSearchFailsOnInvalidQuery(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{})
	for _, request := range []string{`{"filter":{"day":"2026-02-30"},"limit":1}`, `{"sort":["nothing"],"limit":1}`} {
		t.Run(request, func(t *testing.T) {
			op := f.accept(t, "pairs", request)
			err := f.step(t, op)
			if _, ok := errors.AsType[*queue.ArchiveError](err); !ok {
				t.Errorf("ProcessChunk() = %v, want an ArchiveError", err)
			}
			if end := f.refresh(t, op); end.State != operation.Failed || end.Failure.Code != "InvalidQuery" {
				t.Errorf("end = %s, %+v, want failed, InvalidQuery", end.State, end.Failure)
			}
		})
	}
}

// TestSearchRetriesUnknownCollection: another searcher may have the collection.
func TestSearchRetriesUnknownCollection(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{})
	op := f.accept(t, "elsewhere", `{"limit":1}`)
	err := f.step(t, op)
	if now := f.refresh(t, op); err == nil || now.State != operation.Running {
		t.Errorf("ProcessChunk() = %v, state %s, want an error, running", err, now.State)
	}
}

// TestProcessCancelsStatement checks that cancelling a search ends its running statement within a
// second.
func TestProcessCancelsStatement(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited, store.Options{})
	f.slowView(t, "")
	op := f.accept(t, "pairs", `{"filter":{"v":7},"limit":1}`)
	finished := make(chan error, 1)
	go func() { finished <- f.step(t, op) }()
	f.await(t, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`)
	started := time.Now()
	if _, cancelled, err := f.db.Cancel(t.Context(), op.ID); err != nil || !cancelled {
		t.Fatalf("Cancel() = %v, %v, want true", cancelled, err)
	}
	if err := <-finished; err != nil {
		t.Errorf("ProcessChunk() = %v, want nil", err)
	}
	f.await(t, `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`)
	if elapsed := time.Since(started); elapsed > time.Second {
		t.Errorf("the statement ended after %s, want at most a second", elapsed)
	}
}
