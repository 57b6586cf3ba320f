package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// parentWait is longer than these tests take.
const parentWait = time.Hour

// refersToItself makes the column v refer to the key of another pair.
const refersToItself = `ALTER TABLE pairs ADD COLUMN id INT GENERATED ALWAYS AS (k::int) STORED UNIQUE; ALTER TABLE pairs ADD FOREIGN KEY (v) REFERENCES pairs (id)`

// mustAwait processes a chunk that awaits an earlier import.
func (f fixture) mustAwait(t *testing.T, op *operation.Operation, seq int) {
	t.Helper()
	err := f.worker.ProcessChunk(t.Context(), job.Chunk{OperationID: op.ID, Seq: seq})
	if retry, ok := errors.AsType[*queue.RetryAfterError](err); !ok || retry.Reason != "awaits an earlier import" {
		t.Fatalf("ProcessChunk() = %v, want a retry that awaits an earlier import", err)
	}
}

// finish processes the due chunks of the operation as a worker does, in the order in which they become due.
func (f fixture) finish(t *testing.T, op *operation.Operation) *operation.Operation {
	t.Helper()
	for range 50 {
		due := f.due(t, op)
		if len(due) == 0 {
			return f.read(t, op)
		}
		f.mustProcess(t, op, due[0])
	}
	t.Fatal("the operation is not finished after 50 steps")
	return nil
}

func (f fixture) due(t *testing.T, op *operation.Operation) (seqs []int) {
	t.Helper()
	due, _, err := f.db.DueChunks(t.Context(), operation.Import, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range due {
		if one.OperationID == op.ID {
			seqs = append(seqs, one.Seq)
		}
	}
	return seqs
}

func (f fixture) want(t *testing.T, op *operation.Operation, state operation.State, want operation.Counts) {
	t.Helper()
	got := f.read(t, op)
	if diff := cmp.Diff(want, got.Counts); got.State != state || diff != "" {
		t.Errorf("state = %s, want %s, counts (-want +got):\n%s", got.State, state, diff)
	}
}

func (f fixture) rejected(t *testing.T, op *operation.Operation) (rows []string) {
	t.Helper()
	err := f.db.Rejections(t.Context(), op.ID, 0, func(r operation.Rejection) error {
		rows = append(rows, fmt.Sprintf("%d %s %s", r.Row, r.Received, r.Reasons[0].Code))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// unprocessed returns the rows that clients see as unprocessed.
func (f fixture) unprocessed(t *testing.T, op *operation.Operation) (rows []int) {
	t.Helper()
	err := f.db.Records(t.Context(), op.ID, operation.Unprocessed, func(row int, _ []byte) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestProcessParentsInLaterChunks: a chain of records, each before its parent and in another chunk, is
// created, and the records without a parent are rejected with the reason.
func TestProcessParentsInLaterChunks(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, refersToItself)
	op := f.accept(t, `{"k":"1","v":3}`, `{"k":"2"}`, `{"k":"3","v":5}`, `{"k":"4","v":9}`, `{"k":"5","v":6}`, `{"k":"8","v":4}`, `{"k":"6"}`)
	f.mustProcess(t, op, 0)
	if diff := cmp.Diff([]int{1, 3, 4, 5, 6, 7}, f.unprocessed(t, op)); diff != "" {
		t.Errorf("unprocessed rows (-want +got):\n%s", diff)
	}
	f.mustProcess(t, op, 0) // a second delivery has no effect while others are pending
	f.want(t, op, operation.Running, operation.Counts{Total: 7, Created: 1})
	f.finish(t, op)
	f.want(t, op, operation.Succeeded, operation.Counts{Total: 7, Created: 5, Failed: 2})
	want := []string{`4 {"k":"4","v":9} foreign-key-violation`, `6 {"k":"8","v":4} foreign-key-violation`}
	if diff := cmp.Diff(want, f.rejected(t, op)); diff != "" {
		t.Errorf("rejected rows (-want +got):\n%s", diff)
	}
}

// TestProcessDispatchesAwaiting: the step that ends the last pending chunk queues the awaiting one.
func TestProcessDispatchesAwaiting(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, refersToItself)
	op := f.accept(t, `{"k":"1","v":3}`, `{"k":"2","v":1}`, `{"k":"3"}`)
	inspector := queue.NewInspector(f.redis.Queue)
	for seq, want := range []bool{false, true} {
		f.mustProcess(t, op, seq)
		queued, err := inspector.Queued(t.Context(), job.QueueImports)
		if err != nil {
			t.Fatal(err)
		}
		if first := (job.Chunk{OperationID: op.ID}); queued[first] != want {
			t.Errorf("after chunk %d, chunk 0 is queued = %v, want %v", seq, queued[first], want)
		}
	}
}

// TestProcessAwaitsEarlierImport: records await an import that was accepted earlier, not one that was
// accepted later, without counting attempts.
func TestProcessAwaitsEarlierImport(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, refersToItself)
	parents := f.accept(t, `{"k":"1"}`, `{"k":"2"}`, `{"k":"3"}`)
	children := f.accept(t, `{"k":"4","v":3}`, `{"k":"5","v":4}`, `{"k":"6","v":1}`, `{"k":"7","v":90}`)
	f.accept(t, `{"k":"90"}`) // is never processed
	f.mustProcess(t, parents, 0)
	f.mustProcess(t, children, 0)
	f.mustProcess(t, children, 1)
	f.mustProcess(t, children, 0) // tries all of them once more
	for range 5 {                 // more often than a chunk is attempted
		f.mustAwait(t, children, 0)
	}
	f.want(t, children, operation.Running, operation.Counts{Total: 4, Created: 1})
	f.mustProcess(t, parents, 1)
	f.finish(t, children)
	f.want(t, children, operation.Succeeded, operation.Counts{Total: 4, Created: 3, Failed: 1})
}

// TestProcessAwaitsLimitedTime: when an import has waited for the time, a record is rejected.
func TestProcessAwaitsLimitedTime(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, refersToItself)
	f.accept(t, `{"k":"1"}`) // is never processed
	op := f.accept(t, `{"k":"2","v":1}`, `{"k":"3"}`)
	f.mustProcess(t, op, 0)
	f.mustProcess(t, op, 0)
	f.mustAwait(t, op, 0)
	f.exec(t, `UPDATE xforce.task_chunks SET cursor = cursor || jsonb_build_object('since', now() - interval '61 minutes') WHERE state = 'awaiting'`)
	f.finish(t, op)
	f.want(t, op, operation.Succeeded, operation.Counts{Total: 2, Created: 1, Failed: 1})
}

// TestProcessAwaitingCancelled: records of a cancelled import await nothing more and are unprocessed.
func TestProcessAwaitingCancelled(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, refersToItself)
	f.accept(t, `{"k":"1"}`)
	op := f.accept(t, `{"k":"2","v":1}`, `{"k":"3"}`)
	f.mustProcess(t, op, 0)
	if _, cancelled, err := f.db.Cancel(t.Context(), op.ID); err != nil || !cancelled {
		t.Fatalf("Cancel() = %v, %v, want true", cancelled, err)
	}
	f.mustProcess(t, op, 0)
	f.want(t, op, operation.Cancelled, operation.Counts{Total: 2, Created: 1})
	if diff := cmp.Diff([]int{1}, f.unprocessed(t, op)); diff != "" || len(f.due(t, op)) > 0 {
		t.Errorf("due chunks = %v, want none; unprocessed rows (-want +got):\n%s", f.due(t, op), diff)
	}
}

// TestProcessAwaitingKilled: a worker that dies while it tries awaiting records has no effect, and its attempt is counted.
func TestProcessAwaitingKilled(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, refersToItself)
	op := f.accept(t, `{"k":"1","v":3}`, `{"k":"2"}`, `{"k":"3"}`)
	f.mustProcess(t, op, 0)
	f.mustProcess(t, op, 1)
	c := job.Chunk{OperationID: op.ID}
	killed := errors.New("killed")
	if _, err := f.db.BeginAttempt(t.Context(), c, operation.Import); err != nil {
		t.Fatal(err)
	}
	_, err := f.db.RunAwaiting(t.Context(), c, store.Parents{Collections: []string{}}, func(context.Context, *store.AwaitingStep) (store.Effect, error) {
		return store.Effect{}, killed
	})
	if !errors.Is(err, killed) {
		t.Fatalf("RunAwaiting() = %v, want the error of the step", err)
	}
	f.finish(t, op)
	f.want(t, op, operation.Succeeded, operation.Counts{Total: 3, Created: 3})
}

// TestColumnsKeepDeletionsWhileRecordsAwait: where columns keep the order, a record that awaits its parent does not create a row
// again that a later import has deleted, and a deletion that has waited stays one for an earlier import.
func TestColumnsKeepDeletionsWhileRecordsAwait(t *testing.T) {
	t.Parallel()
	remove := func(t *testing.T, f fixture, records ...string) *operation.Operation {
		t.Helper()
		op := f.accept(t, records...)
		f.exec(t, `UPDATE xforce.tasks SET write_options = '{"write":"delete"}' WHERE task_id = '`+op.ID.String()+`'`)
		return op
	}
	t.Run("a record awaits", func(t *testing.T) {
		t.Parallel()
		f := newFixtureWith(t, refersToItself+`; INSERT INTO pairs (k) VALUES ('5')`)
		first := f.accept(t, `{"k":"5","v":9}`, `{"k":"6"}`, `{"k":"9"}`)
		second := remove(t, f, `{"k":"5"}`)
		f.mustProcess(t, first, 0)
		f.mustProcess(t, second, 0)
		f.finish(t, first)
		f.want(t, first, operation.Succeeded, operation.Counts{Total: 3, Created: 2, Superseded: 1})
		f.wantRows(t, `SELECT k FROM pairs ORDER BY k`, "6", "9")
	})
	t.Run("a deletion awaits", func(t *testing.T) {
		t.Parallel()
		f := newFixtureWith(t, refersToItself+`; INSERT INTO pairs (k, v) VALUES ('1', NULL), ('2', 1), ('7', NULL)`)
		first := f.accept(t, `{"k":"1"}`, `{"k":"7"}`)
		second := remove(t, f, `{"k":"1"}`, `{"k":"7"}`, `{"k":"2"}`)
		f.mustProcess(t, second, 0)
		f.want(t, second, operation.Running, operation.Counts{Total: 3, Updated: 1})
		f.finish(t, second)
		f.want(t, second, operation.Succeeded, operation.Counts{Total: 3, Updated: 3})
		f.finish(t, first)
		f.want(t, first, operation.Succeeded, operation.Counts{Total: 2, Superseded: 2})
		f.wantRows(t, `SELECT count(*)::text FROM pairs`, "0")
	})
}
