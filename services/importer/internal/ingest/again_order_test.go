package ingest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// nodesTable is a tree. Only the ordering by columns needs the last two.
const nodesTable = `CREATE TABLE nodes (k TEXT PRIMARY KEY, parent TEXT REFERENCES nodes, v INT, import_number BIGINT, import_row INT)`

// treeFixture imports into a tree whose records are ordered in one of the ways.
type treeFixture struct {
	fixture
	ordering string
}

func newTreeFixture(t *testing.T, ordering string) treeFixture {
	t.Helper()
	file := fmt.Sprintf(`{"x-longshore":{"table":"nodes","key":["k"],"ordering":%q},
  "properties":{"k":{"type":"string"},"parent":{"type":["string","null"]},"v":{"type":["integer","null"]}}}`, ordering)
	return treeFixture{newFixtureOf(t, nodesTable, map[string]string{"nodes": file}, store.Options{MaxConns: 8}, 3), ordering}
}

// accept seals an import of nodes, as "key parent value", where the parent may be "-".
func (f treeFixture) accept(t *testing.T, perChunk int, nodes ...string) *operation.Operation {
	t.Helper()
	var records []string
	for _, node := range nodes {
		var k, parent string
		var v int
		if _, err := fmt.Sscan(node, &k, &parent, &v); err != nil {
			t.Fatal(err)
		}
		record := fmt.Sprintf(`{"k":%q,"parent":%q,"v":%d}`, k, parent, v)
		records = append(records, strings.Replace(record, `"-"`, "null", 1))
	}
	draft := store.Draft{Collection: "nodes", Lanes: 2, Ledger: f.ordering == "ledger"}
	return accept(t, f.db, draft, perChunk, slices.Values(records))
}

func (f treeFixture) wantNodes(t *testing.T, step string, want ...string) {
	t.Helper()
	got := storetest.Texts(t, f.sql, `SELECT concat_ws(' ', k, coalesce(parent, '-'), v) FROM nodes ORDER BY k`)
	if !slices.Equal(got, want) {
		t.Errorf("nodes after %s = %q, want %q", step, got, want)
	}
}

// TestProcessAwaitingInOrder: of two records with one key the later one stays although the earlier one is written after it,
// because it awaits its parent. Without an order the one that is written last stays.
func TestProcessAwaitingInOrder(t *testing.T) {
	t.Parallel()
	for ordering, want := range map[string]struct {
		counts operation.Counts
		nodes  []string
	}{
		"columns": {operation.Counts{Total: 6, Created: 5, Superseded: 1}, []string{"a b 2", "b - 1", "c - 1", "d c 1", "e - 1"}},
		"ledger":  {operation.Counts{Total: 6, Created: 5, Superseded: 1}, []string{"a b 2", "b - 1", "c - 1", "d c 1", "e - 1"}},
		"none":    {operation.Counts{Total: 6, Created: 5, Updated: 1}, []string{"a c 1", "b - 1", "c - 1", "d c 1", "e - 1"}},
	} {
		t.Run(ordering, func(t *testing.T) {
			t.Parallel()
			f := newTreeFixture(t, ordering)
			op := f.accept(t, 2, "a c 1", "b - 1", "a b 2", "d c 1", "c - 1", "e - 1")
			f.finish(t, op)
			f.want(t, op, operation.Succeeded, want.counts)
			f.wantNodes(t, "the import", want.nodes...)
		})
	}
}

// TestProcessAwaitingMerges: records that merge into the same row do so in their order although the first one awaits its
// parent.
func TestProcessAwaitingMerges(t *testing.T) {
	t.Parallel()
	for _, ordering := range []string{"columns", "ledger", "none"} {
		t.Run(ordering, func(t *testing.T) {
			t.Parallel()
			f := newTreeFixture(t, ordering)
			records := []string{`{"k":"a","parent":"b","v":1}`, `{"k":"a","v":2}`, `{"k":"b"}`}
			op := accept(t, f.db, store.Draft{Collection: "nodes", Lanes: 2, Ledger: ordering == "ledger"}, 2, slices.Values(records))
			f.exec(t, `UPDATE xforce.tasks SET write_options = '{"write":"merge"}'`)
			f.finish(t, op)
			f.want(t, op, operation.Succeeded, operation.Counts{Total: 3, Created: 2, Superseded: 1})
			f.wantNodes(t, "the import", "a b 2", "b -")
		})
	}
}

// TestProcessAwaitingAddsToLedger: the keys that a chunk writes later join those that it has written at first, so that an
// earlier import changes none of them.
func TestProcessAwaitingAddsToLedger(t *testing.T) {
	t.Parallel()
	f := newTreeFixture(t, "ledger")
	earlier := f.accept(t, 3, "a - 1", "b - 1", "c - 1")
	op := f.accept(t, 2, "a c 2", "b - 2", "c - 2")
	f.finish(t, op)
	f.want(t, op, operation.Succeeded, operation.Counts{Total: 3, Created: 3})
	f.finish(t, earlier)
	f.want(t, earlier, operation.Succeeded, operation.Counts{Total: 3, Superseded: 3})
	f.wantNodes(t, "the earlier import", "a c 2", "b - 2", "c - 2")
}

// TestProcessAwaitingAfterOthersWrote: a record that is refused in the last try is kept if the same try has written another
// one, because a third one, which may be its parent, may have awaited that.
func TestProcessAwaitingAfterOthersWrote(t *testing.T) {
	t.Parallel()
	f := newTreeFixture(t, "ledger") // tries one chunk at a time
	op := f.accept(t, 2, "c a 1", "b x 1", "a b 1")
	for range 4 {
		f.mustProcess(t, op, f.due(t, op)[0])
	}
	f.want(t, op, operation.Running, operation.Counts{Total: 3})
	f.exec(t, `INSERT INTO nodes VALUES ('x')`)
	f.exec(t, `UPDATE xforce.task_chunks SET stepped_at = stepped_at - interval '1 hour' WHERE seq = 0`) // it is tried before the other one
	f.finish(t, op)
	f.want(t, op, operation.Succeeded, operation.Counts{Total: 3, Created: 3})
}

// TestProcessDeletesInAnyOrder: a deletion awaits those of the rows that refer to its row.
func TestProcessDeletesInAnyOrder(t *testing.T) {
	t.Parallel()
	f := newTreeFixture(t, "none")
	f.exec(t, `GRANT DELETE ON nodes TO `+storetest.RoleName("worker"))
	f.exec(t, `INSERT INTO nodes VALUES ('a', NULL), ('b', 'a'), ('c', 'b'), ('d', 'c')`)
	deletion := func(keys ...string) *operation.Operation {
		var records []string
		for _, k := range keys {
			records = append(records, fmt.Sprintf(`{"k":%q}`, k))
		}
		op := accept(t, f.db, store.Draft{Collection: "nodes", Lanes: 2}, 1, slices.Values(records))
		f.exec(t, `UPDATE xforce.tasks SET write_options = '{"write":"delete"}' WHERE task_id = '`+op.ID.String()+`'`)
		return op
	}
	earlier, op := deletion("c", "d"), deletion("a", "b")
	for range 3 {
		f.mustProcess(t, op, f.due(t, op)[0])
	}
	f.mustAwait(t, op, 0)
	f.finish(t, earlier)
	f.finish(t, op)
	f.want(t, op, operation.Succeeded, operation.Counts{Total: 2, Updated: 2})
	f.wantNodes(t, "the deletions")
}

// TestProcessAwaitingAtRandom processes imports into a tree at the same time and in random order. The parent of a record is
// of the same import or an earlier one, so that each record is written or superseded, and each key has the value of its
// last record.
func TestProcessAwaitingAtRandom(t *testing.T) {
	t.Parallel()
	for _, ordering := range []string{"columns", "ledger"} {
		t.Run(ordering, func(t *testing.T) {
			t.Parallel()
			f := newTreeFixture(t, ordering)
			var ops []*operation.Operation
			last := make(map[int]string)
			for i := range 8 {
				ops = append(ops, f.accept(t, 3, randomNodes(last, i)...))
			}
			f.processAtRandom(t, ops)
			for i, op := range ops {
				if end := f.read(t, op); end.State != operation.Succeeded || end.Counts.Failed > 0 {
					t.Errorf("import %d = %s, %+v, want Succeeded without failed records", i, end.State, end.Counts)
				}
			}
			var want []string
			for _, node := range last {
				want = append(want, node)
			}
			slices.Sort(want)
			f.wantNodes(t, "all imports", want...)
		})
	}
}

// randomNodes returns the records of an import with a number, and adds them to the last ones of each key. The parent of each
// has a lower key.
func randomNodes(last map[int]string, number int) (nodes []string) {
	const records, keys = 12, 30
	own := make(map[int]bool)
	for range records {
		own[rand.IntN(keys)] = true
	}
	for k := range own {
		parent := "-"
		for p := range k {
			if (own[p] || last[p] != "") && rand.IntN(3) > 0 {
				parent = fmt.Sprintf("k%02d", p)
			}
		}
		nodes = append(nodes, fmt.Sprintf("k%02d %s %d", k, parent, number))
	}
	for _, node := range nodes {
		var k int
		_, _ = fmt.Sscanf(node, "k%d", &k)
		last[k] = node
	}
	return nodes
}

// processAtRandom processes what is due until all operations are finished, several chunks at a time.
func (f treeFixture) processAtRandom(t *testing.T, ops []*operation.Operation) {
	t.Helper()
	for {
		due, _, err := f.db.DueChunks(t.Context(), operation.Import, 0, len(ops))
		if err != nil {
			t.Fatal(err)
		}
		if len(due) == 0 {
			return
		}
		rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
		var running sync.WaitGroup
		for _, one := range due[:min(4, len(due))] {
			running.Go(func() {
				err := f.worker.ProcessChunk(t.Context(), job.Chunk{OperationID: one.OperationID, Seq: one.Seq})
				if _, again := errors.AsType[*queue.RetryAfterError](err); err != nil && !again {
					t.Error(err)
				}
			})
		}
		running.Wait()
	}
}
