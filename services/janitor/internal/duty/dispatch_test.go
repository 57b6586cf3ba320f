package duty

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
)

// acceptImport accepts an import of three chunks in three lanes, all of which are due.
func (f fixture) acceptImport(t *testing.T) *operation.Operation {
	t.Helper()
	u, err := f.db.NewUpload(store.Draft{Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 3})
	if err != nil {
		t.Fatal(err)
	}
	at := func(seq int) chunk.Chunk {
		return chunk.Chunk{Seq: seq, FirstRow: seq + 1, Rows: 1, Payload: []byte("x")}
	}
	for seq := range 2 {
		if err := u.Stage(t.Context(), at(seq)); err != nil {
			t.Fatal(err)
		}
	}
	op, err := u.Seal(t.Context(), at(2))
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// TestDispatchMissingChunks runs several passes over three due chunks: chunk 0 is lost, chunk 1 is
// queued, chunk 2 is locked by a worker.
func TestDispatchMissingChunks(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), queuetest.New(t)
	op := f.acceptImport(t)
	queued := job.Chunk{OperationID: op.ID, Seq: 1}
	if err := queue.NewDispatcher(r.Queue).Dispatch(t.Context(), job.Import, queued, queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
	f.lock(t, `SELECT FROM xforce.task_chunks WHERE task_id = $1 AND seq = 2`, op.ID)
	d := Dispatch(f.db, r.Queue, f.log, metrics.NewDuties(), nil, time.Second)
	expect := func(when string, want ...int64) {
		t.Helper()
		for pass, want := range want {
			if err := d.Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := r.Client.LLen(t.Context(), "asynq:{imports}:pending").Val(); got != want {
				t.Errorf("%s, after pass %d: %d entries, want %d", when, pass+1, got, want)
			}
		}
	}
	expect("at the start", 1, 2, 2, 2)
	if err := r.Client.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	expect("after a flush", 0, 2)
	registered := r.Client.SMembers(t.Context(), "asynq:queues").Val()
	if diff := cmp.Diff([]string{"imports", "reports", "searches", "splits"}, slices.Sorted(slices.Values(registered))); diff != "" {
		t.Errorf("queues that asynq's tools see after a flush (-want +got):\n%s", diff)
	}
}

// TestDispatchPassesBehindManyOperations: more operations are queued than one pass looks at, and the
// lost ones were accepted after them. Each is found when its turn comes, whatever its kind.
func TestDispatchPassesBehindManyOperations(t *testing.T) {
	t.Parallel()
	const limit, imports = 5, 12
	f, r := newFixture(t), queuetest.New(t)
	for range imports {
		op := f.acceptImport(t)
		for _, due := range job.FirstDue(op.Kind, op.ID, op.Lanes, op.Chunks) {
			if err := queue.NewDispatcher(r.Queue).Dispatch(t.Context(), due.Kind, due.Chunk, queue.FirstDispatch); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.acceptImport(t)
	f.accept(t)
	d := newDispatch(f.db, r.Queue, f.log, metrics.NewDuties(), limit)
	queued := func(queueName string) int64 { return r.Client.LLen(t.Context(), "asynq:{"+queueName+"}:pending").Val() }
	pass := func(passes int) {
		for range passes {
			if err := d.pass(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	pass(2)
	if got := queued("searches"); got != 1 {
		t.Errorf("%d searches are queued after two passes, want the lost one", got)
	}
	pass(2 * 3) // three passes are one round through all imports
	if got := queued("imports"); got != 3*(imports+1) {
		t.Errorf("%d chunks of imports are queued after two rounds, want %d with the lost ones", got, 3*(imports+1))
	}
}
