package e2e_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
)

const (
	// agreeOperations is the number of operations of TestDialectsAgree, actors the number of
	// goroutines.
	agreeOperations = 200
	actors          = 6
	// actorPause is the pause between two requests of an actor, so that the services get time to
	// work.
	actorPause = 2 * time.Millisecond
	// agreeTimeout is the maximum time of the whole test, on a busy machine.
	agreeTimeout = 4 * time.Minute
)

// TestDialectsAgree starts operations of all kinds, cancels and prunes some of them, and reads them
// in every dialect: concurrently and at random. At every moment all dialects must agree about the
// state of each operation: no response may contradict an earlier one. At the end all dialects must
// agree with the database. LONGSHORE_TEST_SEED repeats the choices of a run, though not how its
// requests interleave.
func TestDialectsAgree(t *testing.T) {
	t.Parallel()
	seed := randomSeed(t)
	s := stack.Start(t, stack.Options{
		Importers: 2, Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_CHUNK_RECORDS=40", "LONGSHORE_MAX_ATTEMPTS=1", "LONGSHORE_POLL_WITHIN=3s", expireOften},
	})
	failImports(s, "spoons")
	ctx, cancel := context.WithTimeout(t.Context(), agreeTimeout)
	defer cancel()
	w := &workload{stack: s}
	var wg sync.WaitGroup
	for n := range actors {
		wg.Go(func() {
			a := &actor{workload: w, rand: rand.New(rand.NewPCG(seed, uint64(n)))}
			for ctx.Err() == nil && !w.isStopped() {
				if err := a.act(ctx); err != nil && ctx.Err() == nil {
					t.Errorf("actor %d: %v", n, err)
					return
				}
				_ = await.Sleep(ctx, actorPause)
			}
		})
	}
	await.Until(t, agreeTimeout, "all operations to be started and finished", func() bool {
		return t.Failed() || w.isComplete() && s.Number(`SELECT count(*) FROM xforce.tasks WHERE finished_at IS NULL`) == 0
	})
	w.stop()
	wg.Wait()
	w.check(t)
}

// workload contains the operations of TestDialectsAgree. All actors share it.
type workload struct {
	stack *stack.Stack

	mu         sync.Mutex
	claimed    int
	stopped    bool
	operations []*observedOperation
}

// claim reports whether the caller may start another operation, and counts it.
func (w *workload) claim() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.claimed == agreeOperations {
		return false
	}
	w.claimed++
	return true
}

func (w *workload) add(op startedOperation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.operations = append(w.operations, &observedOperation{op: op})
}

// random returns an operation, or nil if there is none yet. It prefers the latest ones, whose
// states still change.
func (w *workload) random(r *rand.Rand) *observedOperation {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.operations)
	if n == 0 {
		return nil
	}
	if r.IntN(2) == 0 {
		return w.operations[n-1-r.IntN(min(n, 10))]
	}
	return w.operations[r.IntN(n)]
}

// all returns the operations that have been started so far.
func (w *workload) all() []*observedOperation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.operations)
}

func (w *workload) isComplete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.operations) == agreeOperations
}

func (w *workload) isStopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped
}

func (w *workload) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}

// check looks for contradictions in the responses about each operation, and compares all dialects
// with the database.
func (w *workload) check(t *testing.T) {
	t.Helper()
	finalStates, responses := make(map[string]int), 0
	for _, o := range w.operations {
		responses += len(o.observations)
		for _, contradiction := range o.contradictions() {
			t.Errorf("%s %s: got %s, want no contradiction", o.op.kind, o.op.id, contradiction)
		}
		state := w.readState(t, o.op)
		expectInAllDialects(t, w.stack, o.op, state)
		finalStates[o.op.kind+" "+state]++
	}
	t.Logf("%d responses about %d operations, which ended as %v", responses, len(w.operations), finalStates)
}

// readState reads an operation's state from the database; that of a tombstone begins with "gone".
func (w *workload) readState(t *testing.T, op startedOperation) string {
	t.Helper()
	var state string
	var active bool
	const query = `SELECT status, is_active FROM xforce.tasks WHERE task_id = $1`
	if err := w.stack.DB().QueryRow(t.Context(), query, op.id).Scan(&state, &active); err != nil {
		t.Fatal(err)
	}
	if !active {
		return "gone " + state
	}
	return state
}
