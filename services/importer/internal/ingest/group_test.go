package ingest_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// serve processes the queue of imports until the operations are finished.
func (f fixture) serve(t *testing.T, ops []*operation.Operation) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		stopped <- queue.Serve(ctx, f.redis.Queue, slog.New(slog.DiscardHandler), queue.ServerOptions{
			Queue: job.QueueImports, Concurrency: 1, PollInterval: 10 * time.Millisecond, Grace: time.Minute,
		}, map[job.Kind]queue.Handler{job.Import: f.worker.ProcessEntry})
	}()
	for _, op := range ops {
		for !f.read(t, op).State.Terminal() {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-t.Context().Done():
				t.Fatal("the imports were not finished")
			}
		}
	}
	cancel()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// processTogether queues the imports in one entry and processes it.
func (f fixture) processTogether(t *testing.T, ops []*operation.Operation) {
	t.Helper()
	ids := make([]uuid.UUID, len(ops))
	for i, op := range ops {
		ids[i] = op.ID
	}
	if err := queue.NewDispatcher(f.redis.Queue).DispatchAfter(t.Context(), 0, job.Import, job.WholeImports(ids...), queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
	f.serve(t, ops)
}

// outcome is what became of an import: its counts as created, updated, superseded and failed records, and how many
// attempts were counted. None is counted if it was processed together with others.
type outcome struct {
	Counts   [4]int
	Attempts int
}

func (f fixture) outcomes(t *testing.T, ops []*operation.Operation) (all []outcome) {
	t.Helper()
	for _, op := range ops {
		var o outcome
		if err := f.sql.QueryRow(t.Context(), `SELECT attempts FROM xforce.task_chunks WHERE task_id = $1`, op.ID).Scan(&o.Attempts); err != nil {
			t.Fatal(err)
		}
		n := f.read(t, op).Counts
		o.Counts = [4]int{n.Created, n.Updated, n.Superseded, n.Failed}
		all = append(all, o)
	}
	return all
}

func (f fixture) wantPairs(t *testing.T, query string, want ...string) {
	t.Helper()
	var got []string
	if err := f.sql.QueryRow(t.Context(), `SELECT coalesce(array_agg(r::text ORDER BY r), '{}') FROM (`+query+`) r`).Scan(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// TestProcessGroup processes imports of one entry. Those that only create or update records are processed in one
// transaction; if anything else happens, each is processed by itself, with the same result.
func TestProcessGroup(t *testing.T) {
	t.Parallel()
	together, separately := 0, 1
	for name, tt := range map[string]struct {
		rows    string
		imports [][]string
		want    []outcome
		pairs   []string
	}{
		"new keys": {
			"",
			[][]string{{`{"k":"a","v":1}`, `{"k":"b"}`}, {`{"k":"c","v":3}`}},
			[]outcome{{[4]int{2}, together}, {[4]int{1}, together}},
			[]string{"(a,1,1,1)", "(b,,1,2)", "(c,3,2,1)"},
		},
		"keys that exist": {
			`INSERT INTO pairs VALUES ('a', 7)`,
			[][]string{{`{"k":"b"}`, `{"k":"a","v":1}`}, {`{"k":"c"}`}},
			[]outcome{{[4]int{1, 1}, together}, {[4]int{1}, together}},
			[]string{"(a,1,1,2)", "(b,,1,1)", "(c,,2,1)"},
		},
		"the same key twice": {
			"",
			[][]string{{`{"k":"a","v":1}`}, {`{"k":"a","v":2}`}},
			[]outcome{{[4]int{1}, separately}, {[4]int{0, 1}, separately}},
			[]string{"(a,2,2,1)"},
		},
		"a record that the schema refuses": {
			"",
			[][]string{{`{"k":"a"}`}, {`{"k":"b"}`, `{"k":1}`}, {`{"k":"c"}`}},
			[]outcome{{[4]int{1}, together}, {[4]int{1, 0, 0, 1}, separately}, {[4]int{1}, together}},
			[]string{"(a,,1,1)", "(b,,2,1)", "(c,,3,1)"},
		},
		"a record that the table refuses": {
			"",
			[][]string{{`{"k":"a"}`}, {`{"k":"b","v":100}`}},
			[]outcome{{[4]int{1}, separately}, {[4]int{0, 0, 0, 1}, separately}},
			[]string{"(a,,1,1)"},
		},
		"a row of a later import": {
			`INSERT INTO pairs VALUES ('a', 7, 2, 1)`,
			[][]string{{`{"k":"a","v":1}`}, {`{"k":"b"}`}},
			[]outcome{{[4]int{0, 0, 1}, separately}, {[4]int{1}, separately}},
			[]string{"(a,7,2,1)", "(b,,2,1)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixtureWith(t, tt.rows)
			var ops []*operation.Operation
			for _, records := range tt.imports {
				ops = append(ops, f.accept(t, records...))
			}
			f.processTogether(t, ops)
			if diff := cmp.Diff(tt.want, f.outcomes(t, ops)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			f.wantPairs(t, "SELECT * FROM pairs", tt.pairs...)
		})
	}
}

// TestProcessGroupAppends processes imports into a table without a key in one transaction.
func TestProcessGroupAppends(t *testing.T) {
	t.Parallel()
	f := newFixtureOf(t, `CREATE TABLE pairs (k TEXT, v INT DEFAULT 5)`, map[string]string{"pairs": `{"x-longshore":{"table":"pairs","write":"insert","ordering":"none"},
		"properties":{"k":{"type":"string"},"v":{"type":"integer"}}}`}, store.Options{}, 2)
	ops := []*operation.Operation{f.accept(t, `{"k":"a"}`, `{"k":"a","v":1}`), f.accept(t, `{"k":"a"}`)}
	f.processTogether(t, ops)
	want := []outcome{{[4]int{2}, 0}, {[4]int{1}, 0}}
	if diff := cmp.Diff(want, f.outcomes(t, ops)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	f.wantPairs(t, "SELECT * FROM pairs", "(a,1)", "(a,5)", "(a,5)")
}

// TestProcessGroupLedger keeps the order of imports without columns for it: the keys of a group are in the ledger while an
// earlier import is unfinished, which then changes none of them.
func TestProcessGroupLedger(t *testing.T) {
	t.Parallel()
	f := newFixtureOf(t, `CREATE TABLE pairs (k TEXT PRIMARY KEY, v INT)`, map[string]string{"pairs": `{"x-longshore":{"table":"pairs","key":["k"],"ordering":"ledger"},
		"properties":{"k":{"type":"string"},"v":{"type":"integer"}}}`}, store.Options{}, 2)
	acceptInLedger := func(records ...string) *operation.Operation {
		return accept(t, f.db, store.Draft{Collection: "pairs", Lanes: 1, Ledger: true}, 5, slices.Values(records))
	}
	first := acceptInLedger(`{"k":"a","v":1}`, `{"k":"b","v":1}`)
	later := []*operation.Operation{acceptInLedger(`{"k":"a","v":2}`), acceptInLedger(`{"k":"c","v":3}`)}
	f.processTogether(t, later)
	if diff := cmp.Diff([]outcome{{[4]int{1}, 0}, {[4]int{1}, 0}}, f.outcomes(t, later)); diff != "" {
		t.Errorf("outcomes of the later imports (-want +got):\n%s", diff)
	}
	f.processTogether(t, []*operation.Operation{first})
	if diff := cmp.Diff([]outcome{{[4]int{1, 0, 1}, 1}}, f.outcomes(t, []*operation.Operation{first})); diff != "" {
		t.Errorf("outcomes of the first import (-want +got):\n%s", diff)
	}
	f.wantPairs(t, "SELECT * FROM pairs", "(a,2)", "(b,1)", "(c,3)")
}

// TestProcessGroupAgain delivers an entry whose worker was killed: its imports are processed separately, with counted
// attempts.
func TestProcessGroupAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ops := []*operation.Operation{f.accept(t, `{"k":"a"}`), f.accept(t, `{"k":"b"}`)}
	entry := job.WholeImports(ops[0].ID, ops[1].ID)
	if err := queue.NewDispatcher(f.redis.Queue).DispatchAfter(t.Context(), 0, job.Import, entry, queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
	f.redis.Client.HSet(t.Context(), fmt.Sprintf("asynq:{imports}:t:%s.0", entry.Chunk), "longshore_attempted", 1)
	f.serve(t, ops)
	if diff := cmp.Diff([]outcome{{[4]int{1}, 1}, {[4]int{1}, 1}}, f.outcomes(t, ops)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// TestProcessGroupSkipsOthers processes an entry of which one import was cancelled.
func TestProcessGroupSkipsOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ops := []*operation.Operation{f.accept(t, `{"k":"a"}`), f.accept(t, `{"k":"b"}`)}
	if _, _, err := f.db.Cancel(t.Context(), ops[0].ID); err != nil {
		t.Fatal(err)
	}
	f.processTogether(t, ops)
	if diff := cmp.Diff([]outcome{{[4]int{}, 0}, {[4]int{1}, 0}}, f.outcomes(t, ops)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if got := f.read(t, ops[0]).State; got != operation.Cancelled {
		t.Errorf("state of the first import = %s, want cancelled", got)
	}
}

// TestProcessGroupKeepsWarnings processes imports of which each has a warning: it stays with each of them.
func TestProcessGroupKeepsWarnings(t *testing.T) {
	t.Parallel()
	const file = `{"x-longshore":{"table":"counted","key":["k"],"ordering":"none"},"properties":{"k":{"type":"string"},"n":{"type":"integer"}}}`
	f := newFixtureOf(t, `CREATE TABLE counted (k TEXT PRIMARY KEY, n SERIAL)`, map[string]string{"counted": file}, store.Options{Role: grants.Worker}, 3)
	api := storetest.Open(t, f.sql.Config().ConnString(), store.Options{})
	var ops []*operation.Operation
	for _, key := range []string{"a", "b"} {
		ops = append(ops, accept(t, api, store.Draft{Collection: "counted", Lanes: 1}, 1, slices.Values([]string{fmt.Sprintf(`{"k":%q,"n":7}`, key)})))
	}
	f.processTogether(t, ops)
	const want = "cannot advance the sequence public.counted_n_seq"
	for i, op := range ops {
		if got := f.read(t, op).Warnings; len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("warnings of import %d = %q, want one with %q", i, got, want)
		}
	}
}
