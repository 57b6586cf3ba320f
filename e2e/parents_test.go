package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// nodesTable is a tree, and leaves that refer to its nodes.
const nodesTable = `CREATE TABLE nodes (id INT PRIMARY KEY, parent INT REFERENCES nodes);
CREATE TABLE leaves (id INT PRIMARY KEY, node INT NOT NULL REFERENCES nodes)`

// startNodes starts a stack with small chunks and the collections nodes and leaves.
func startNodes(t *testing.T, env ...string) *stack.Stack {
	t.Helper()
	s := stack.Start(t, stack.Options{Importers: 3, Tables: nodesTable, Env: append(env, "LONGSHORE_CHUNK_RECORDS=500", "LONGSHORE_DISPATCH_EVERY=1s")})
	for _, table := range []string{"nodes", "leaves"} {
		response := s.Do(http.MethodPost, "/collections:infer", client.RequestBody{Type: "application/json", Content: []byte(`{"table":"` + table + `","store":true}`)})
		if response.Status != http.StatusCreated {
			t.Fatalf("POST /collections:infer = %d %s, want 201", response.Status, response.Body)
		}
	}
	return s
}

func lines(records []string) client.RequestBody {
	return client.RequestBody{Type: "application/x-ndjson", Content: []byte(strings.Join(records, "\n"))}
}

// tree returns n nodes with ids from first on. The parent of each is a random node before it; the first has none.
func tree(first, n int) []string {
	records := []string{fmt.Sprintf(`{"id":%d,"parent":null}`, first)}
	for i := 1; i < n; i++ {
		records = append(records, fmt.Sprintf(`{"id":%d,"parent":%d}`, first+i, first+rand.IntN(i)))
	}
	return records
}

// leaves returns n records that refer to the nodes from 1 on.
func leaves(n int) (records []string) {
	for i := range n {
		records = append(records, fmt.Sprintf(`{"id":%d,"node":%d}`, i+1, i+1))
	}
	return records
}

// blockNode blocks the steps that write the node until the test calls release or ends. A record that refers to it is refused meanwhile.
func blockNode(t *testing.T, s *stack.Stack, id int) (release func()) {
	t.Helper()
	tx, err := s.DB().Begin(t.Context())
	if err == nil {
		_, err = tx.Exec(t.Context(), `INSERT INTO nodes VALUES ($1)`, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		if err := tx.Rollback(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(release)
	return release
}

const anyAwaiting = `SELECT count(*) > 0 FROM xforce.task_chunks WHERE state = 'awaiting'`

// TestParentsInAnyOrder imports trees whose parents come later, in other chunks, and one node whose parent never comes.
func TestParentsInAnyOrder(t *testing.T) {
	t.Parallel()
	s := startNodes(t)
	const runs, n = 5, 12_000
	for run := range runs {
		first := 1 + 2*run*n
		shuffled, last := tree(first, n), tree(first+n, n)
		rand.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		slices.Reverse(last)
		for name, records := range map[string][]string{"random order": shuffled, "parents last": last} {
			orphan := fmt.Sprintf(`{"id":%d,"parent":0}`, -first)
			if name == "parents last" {
				orphan = fmt.Sprintf(`{"id":%d,"parent":0}`, -first-n)
			}
			op := s.Submit("nodes", lines(slices.Concat([]string{orphan}, records)))
			m := s.WaitFor(op, "Succeeded")
			expectCounts(t, m, client.Counts{Total: n + 1, Created: n, Imported: n, Failed: 1})
			if failed := s.Records(op, "failed"); len(failed) != 1 || failed[0].Row != 1 || failed[0].Reasons[0].Code != "foreign-key-violation" {
				t.Errorf("run %d, %s: failed records = %+v, want row 1 with foreign-key-violation", run, name, failed)
			}
		}
	}
	if got := s.Number(`SELECT count(*) FROM nodes`); got != 2*runs*n {
		t.Errorf("got %d nodes, want %d", got, 2*runs*n)
	}
}

// TestParentsOfEarlierImport posts parents and, at once, their children, while the parents can't be written.
func TestParentsOfEarlierImport(t *testing.T) {
	t.Parallel()
	s := startNodes(t)
	const n = 2_000
	release := blockNode(t, s, 1)
	parents := s.Submit("nodes", lines(tree(1, n)))
	children := s.Submit("leaves", lines(leaves(n+1)))
	s.WaitForSQL(recoveryLimit, "children to await their parents", anyAwaiting)
	release()
	expectCounts(t, s.WaitFor(parents, "Succeeded"), client.Counts{Total: n, Created: n, Imported: n})
	expectCounts(t, s.WaitFor(children, "Succeeded"), client.Counts{Total: n + 1, Created: n, Imported: n, Failed: 1})
	if failed := s.Records(children, "failed"); len(failed) != 1 || failed[0].Row != n+1 {
		t.Errorf("failed records = %+v, want row %d", failed, n+1)
	}
}

// TestParentsAwaitedForLimitedTime: children fail when their import has run for LONGSHORE_PARENT_WAIT.
func TestParentsAwaitedForLimitedTime(t *testing.T) {
	t.Parallel()
	s := startNodes(t, "LONGSHORE_PARENT_WAIT=2s")
	release := blockNode(t, s, 1)
	parents := s.Submit("nodes", lines(tree(1, 10)))
	m := s.WaitFor(s.Submit("leaves", lines(leaves(10))), "Succeeded")
	expectCounts(t, m, client.Counts{Total: 10, Failed: 10})
	if took := m.Finished.Sub(*m.Started); took < 2*time.Second {
		t.Errorf("the children failed after %s, want 2s at least", took)
	}
	release()
	s.WaitFor(parents, "Succeeded")
}

// TestParentsAwaitedWhenCancelled cancels an import whose records await their parents.
func TestParentsAwaitedWhenCancelled(t *testing.T) {
	t.Parallel()
	s := startNodes(t)
	release := blockNode(t, s, 1)
	parents := s.Submit("nodes", lines(tree(1, 10)))
	children := s.Submit("leaves", lines(leaves(1_000)))
	s.WaitForSQL(recoveryLimit, "children to await their parents", anyAwaiting)
	m := mustCancel(t, s, children)
	if m.Counts.Unprocessed != 1_000 {
		t.Errorf("counts = %+v, want 1000 unprocessed", m.Counts)
	}
	if got := len(s.Records(children, "unprocessed")); got != 1_000 {
		t.Errorf("got %d unprocessed records, want 1000", got)
	}
	release()
	s.WaitFor(parents, "Succeeded")
}

// TestParentsAwaitedByKilledImporters kills all importers while records await their parents.
func TestParentsAwaitedByKilledImporters(t *testing.T) {
	t.Parallel()
	s := startNodes(t)
	const n = 2_000
	release := blockNode(t, s, 1)
	parents := s.Submit("nodes", lines(tree(1, n)))
	children := s.Submit("leaves", lines(leaves(n)))
	s.WaitForSQL(recoveryLimit, "children to await their parents", anyAwaiting)
	for i := range 3 {
		s.KillImporter(i)
	}
	release()
	for i := range 3 {
		s.StartImporter(i)
	}
	expectCounts(t, s.WaitFor(parents, "Succeeded"), client.Counts{Total: n, Created: n, Imported: n})
	expectCounts(t, s.WaitFor(children, "Succeeded"), client.Counts{Total: n, Created: n, Imported: n})
}
