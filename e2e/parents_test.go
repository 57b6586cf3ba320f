package e2e_test

import (
	"context"
	"encoding/json"
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

// nodesTable has trees, and leaves that refer to the nodes of one.
const nodesTable = `CREATE TABLE nodes (id INT PRIMARY KEY, parent INT REFERENCES nodes);
CREATE TABLE branches (id INT PRIMARY KEY, parent INT REFERENCES branches, import_number BIGINT, import_row INT);
CREATE TABLE twigs (id INT PRIMARY KEY, parent INT REFERENCES twigs);
CREATE TABLE leaves (id INT PRIMARY KEY, node INT NOT NULL REFERENCES nodes)`

// startNodes starts a stack with small chunks and the collections nodes and leaves, which the ledger orders.
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

// leaves returns n records that refer to the nodes from first on.
func leaves(first, n int) (records []string) {
	for i := range n {
		records = append(records, fmt.Sprintf(`{"id":%d,"node":%d}`, first+i, first+i))
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

const anyWaiting = `SELECT count(*) > 0 FROM xforce.tasks WHERE status = 'running' AND phase LIKE 'Waiting for earlier imports%'`

// TestParentsInAnyOrder imports trees whose parents come later, in other chunks, and one node whose parent never comes.
func TestParentsInAnyOrder(t *testing.T) {
	t.Parallel()
	s := startNodes(t)
	for collection, ordering := range map[string]string{"branches": "columns", "twigs": "none"} {
		definition := `{"x-longshore": {"table": "` + collection + `", "key": ["id"], "ordering": "` + ordering + `"}, "properties": {"id": {}, "parent": {}}}`
		putCollection(t, s, collection, definition)
	}
	const runs, n = 2, 12_000
	for _, collection := range []string{"nodes", "branches", "twigs"} {
		for run := range runs {
			first := 1 + 2*run*n
			shuffled, reversed := tree(first, n), tree(first+n, n)
			rand.Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			slices.Reverse(reversed)
			importTree(t, s, collection, -first, shuffled)
			importTree(t, s, collection, -first-n, reversed)
		}
		if got := s.Number(`SELECT count(*) FROM ` + collection); got != 2*runs*n {
			t.Errorf("got %d %s, want %d", got, collection, 2*runs*n)
		}
	}
}

// importTree imports records of which only the first one has no parent, and expects that it alone fails.
func importTree(t *testing.T, s *stack.Stack, collection string, orphan int, records []string) {
	t.Helper()
	n := len(records)
	op := s.Submit(collection, lines(slices.Concat([]string{fmt.Sprintf(`{"id":%d,"parent":0}`, orphan)}, records)))
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: n + 1, Created: n, Imported: n, Failed: 1})
	if failed := s.Records(op, "failed"); len(failed) != 1 || failed[0].Row != 1 || failed[0].Reasons[0].Code != "foreign-key-violation" {
		t.Errorf("%s from %d: failed records = %+v, want row 1 with foreign-key-violation", collection, orphan, failed)
	}
}

// TestParentsOfEarlierImport posts parents and, at once, their children, while the parents can't be written. The monitor
// says for what the children wait.
func TestParentsOfEarlierImport(t *testing.T) {
	t.Parallel()
	s := startNodes(t)
	const runs, n = 3, 2_000
	for run := range runs {
		first := 1 + run*2*n
		release := blockNode(t, s, first)
		parents := s.Submit("nodes", lines(tree(first, n)))
		children := s.Submit("leaves", lines(leaves(first, n+1)))
		s.WaitForSQL(recoveryLimit, "children to await their parents", anyWaiting)
		expectPhase(t, s, children, "Waiting for earlier imports into nodes: a foreign key or a lookup refuses the remaining records so far")
		release()
		expectCounts(t, s.WaitFor(parents, "Succeeded"), client.Counts{Total: n, Created: n, Imported: n})
		expectCounts(t, s.WaitFor(children, "Succeeded"), client.Counts{Total: n + 1, Created: n, Imported: n, Failed: 1})
		if failed := s.Records(children, "failed"); len(failed) != 1 || failed[0].Row != n+1 {
			t.Errorf("failed records = %+v, want row %d", failed, n+1)
		}
		expectPhase(t, s, children, "")
	}
}

// expectPhase expects that the operation's monitor has a phase.
func expectPhase(t *testing.T, s *stack.Stack, op client.Accepted, want string) {
	t.Helper()
	response, err := s.Client().Get(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	var monitor struct{ Phase string }
	if err := json.Unmarshal(response.Body, &monitor); err != nil || monitor.Phase != want {
		t.Errorf("GET %s = %s, %v, want the phase %q", op.OperationLocation, response.Body, err, want)
	}
}

// TestParentsAwaitedForLimitedTime: children fail when their import has run for LONGSHORE_PARENT_WAIT.
func TestParentsAwaitedForLimitedTime(t *testing.T) {
	t.Parallel()
	s := startNodes(t, "LONGSHORE_PARENT_WAIT=2s")
	release := blockNode(t, s, 1)
	parents := s.Submit("nodes", lines(tree(1, 10)))
	m := s.WaitFor(s.Submit("leaves", lines(leaves(1, 10))), "Succeeded")
	expectCounts(t, m, client.Counts{Total: 10, Failed: 10})
	if took := m.Finished.Sub(*m.Started); took < 2*time.Second {
		t.Errorf("the children failed after %s, want 2s at least", took)
	}
	release()
	s.WaitFor(parents, "Succeeded")
}

// TestParentsAwaitedWhenCancelled cancels and deletes imports whose records await their parents.
func TestParentsAwaitedWhenCancelled(t *testing.T) {
	t.Parallel()
	s := startNodes(t)
	const n = 1_000
	release := blockNode(t, s, 1)
	parents := s.Submit("nodes", lines(tree(1, 10)))
	for name, end := range map[string]func(op client.Accepted){
		"cancel": func(op client.Accepted) { mustCancel(t, s, op) },
		"DELETE": func(op client.Accepted) {
			if response, err := s.Client().Delete(t.Context(), op.OperationLocation); err != nil || response.Status != http.StatusOK {
				t.Errorf("DELETE = %+v, %v, want 200", response, err)
			}
		},
	} {
		children := s.Submit("leaves", lines(leaves(1, n)))
		s.WaitForSQL(recoveryLimit, "children to await their parents", anyWaiting)
		end(children)
		expectCounts(t, s.WaitFor(children, "Canceled"), client.Counts{Total: n, Unprocessed: n})
		expectPhase(t, s, children, "")
		if got := len(s.Records(children, "unprocessed")); got != n {
			t.Errorf("%s: got %d unprocessed records, want %d", name, got, n)
		}
		mustPrune(t, s, children)
		expectTombstone(t, s, children.OperationLocation, "cancelled", client.Counts{Total: n, Unprocessed: n})
	}
	release()
	s.WaitFor(parents, "Succeeded")
	if got := s.Number(`SELECT count(*) FROM leaves`); got != 0 {
		t.Errorf("got %d leaves, want none", got)
	}
}

// TestParentsAwaitedByKilledImporters kills all importers while records await their parents.
func TestParentsAwaitedByKilledImporters(t *testing.T) {
	t.Parallel()
	s := startNodes(t)
	const n = 2_000
	release := blockNode(t, s, 1)
	parents := s.Submit("nodes", lines(tree(1, n)))
	children := s.Submit("leaves", lines(leaves(1, n)))
	s.WaitForSQL(recoveryLimit, "children to await their parents", anyWaiting)
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
