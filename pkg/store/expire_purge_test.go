package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// cancelled is an import of three chunks that was cancelled after a chunk of rejected records.
func (f fixture) cancelled(t *testing.T) *operation.Operation {
	t.Helper()
	op := f.seal(t, 1, 6, 2)
	f.mustStep(t, of(op, 0), operation.Rejected)
	if done, err := f.store.Cancel(t.Context(), op.ID); err != nil || !done {
		t.Fatalf("cancelling: %v, %v", done, err)
	}
	return op
}

// reclaimAll reclaims until nothing is found any more, and returns how many rows went.
func (f fixture) reclaimAll(t *testing.T, op *operation.Operation) (deleted int) {
	t.Helper()
	for {
		n, err := f.store.Purge(t.Context(), op.ID)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return deleted
		}
		deleted += n
	}
}

// rowsOf counts what hangs on an operation.
const rowsOf = `
SELECT (SELECT count(*) FROM xforce.task_chunks WHERE task_id = $1) + (SELECT count(*) FROM xforce.task_progress WHERE task_id = $1)
  + (SELECT count(*) FROM xforce.task_outputs WHERE task_id = $1) + (SELECT count(*) FROM xforce.task_events WHERE task_id = $1)
  + (SELECT count(*) FROM xforce.upload_parts WHERE task_id = $1) + (SELECT count(*) FROM xforce.upload_pieces WHERE task_id = $1)`

// attach hangs a row into each of the tables that an import of one body does not use, and more pieces than one batch.
func (f fixture) attach(t *testing.T, op *operation.Operation) {
	t.Helper()
	f.exec(t, `INSERT INTO xforce.task_outputs (task_id, stage, seq, byte_offset, byte_count, payload) VALUES ($1, 'file', 0, 0, 1, 'x')`, op.ID)
	f.exec(t, `INSERT INTO xforce.upload_parts (task_id, part, version, byte_count, digest) VALUES ($1, 1, $1, 1, '')`, op.ID)
	f.exec(t, `INSERT INTO xforce.upload_pieces (task_id, version, seq, byte_count, payload) SELECT $1, $1, i, 1, 'x' FROM generate_series(0, 119) AS i`, op.ID)
}

func TestReclaimLeavesOnlyTheCounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op, neighbour := f.cancelled(t), f.cancelled(t)
	f.attach(t, op)
	f.attach(t, neighbour)
	hung, beside := f.count(t, rowsOf, op.ID), f.count(t, rowsOf, neighbour.ID)
	if _, err := f.store.Prune(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	before := f.mustRead(t, op.ID)
	if found, err := f.store.Purgeable(t.Context(), plenty); err != nil || !slices.Equal(found, []uuid.UUID{op.ID}) {
		t.Errorf("reclaimable: %v, %v", found, err)
	}
	if deleted := f.reclaimAll(t, op); deleted != hung || f.count(t, rowsOf, op.ID) != 0 {
		t.Errorf("%d of %d rows went", deleted, hung)
	}
	now := f.mustRead(t, op.ID)
	if now.Counts != before.Counts || now.Counts.Failed != 2 || now.State != operation.Cancelled || !now.Expired {
		t.Errorf("it left %+v", now)
	}
	if found, err := f.store.Purgeable(t.Context(), plenty); err != nil || len(found) != 0 {
		t.Errorf("afterwards reclaimable: %v, %v", found, err)
	}
	if left := f.count(t, rowsOf, neighbour.ID); left != beside {
		t.Errorf("%d of %d rows of another operation are left", left, beside)
	}
}

func TestReclaimSparesWhatIsNoTombstone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	finished, running := f.cancelled(t), f.start(t, 1, 2, 1)
	for _, op := range []*operation.Operation{finished, running} {
		before := f.count(t, rowsOf, op.ID)
		if deleted := f.reclaimAll(t, op); deleted != 0 || f.count(t, rowsOf, op.ID) != before {
			t.Errorf("%d of %d rows of a %s operation went", deleted, before, op.State)
		}
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE reclaimed_at IS NOT NULL`); n != 0 {
		t.Errorf("%d were marked", n)
	}
}

// TestReclaimWaitsForWhoHoldsAChunk: a worker that has not heard of the end keeps its chunk and its operation's mark, and nothing else.
func TestReclaimWaitsForWhoHoldsAChunk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 2, 1)
	holding, released, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	release := sync.OnceFunc(func() { close(released) })
	t.Cleanup(release)
	go func() {
		_, err := f.store.RunStep(context.Background(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
			close(holding)
			<-released
			return all(operation.Created)(ctx, s)
		})
		ended <- err
	}()
	<-holding
	for _, end := range []func(context.Context, uuid.UUID) (bool, error){f.store.Cancel, f.store.Prune} {
		if done, err := end(t.Context(), op.ID); err != nil || !done {
			t.Fatalf("ending it: %v, %v", done, err)
		}
	}
	f.reclaimAll(t, op)
	if left := f.count(t, rowsOf, op.ID); left != 1 {
		t.Errorf("%d rows are left, want the chunk that is held", left)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE reclaimed_at IS NOT NULL`); n != 0 {
		t.Error("it was marked as reclaimed")
	}
	release()
	if err := <-ended; err == nil {
		t.Error("a step of a cancelled operation was committed")
	}
	f.reclaimAll(t, op)
	if n := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE reclaimed_at IS NOT NULL`); n != 1 {
		t.Error("it was never marked as reclaimed")
	}
}

// TestSplitUploads: the parts of an upload go as soon as nobody will split it any more.
func TestSplitUploads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.start(t, 1, 1, 1)
	unsplit, split, ended := f.start(t, 1, 1, 1), f.start(t, 1, 1, 1), f.cancelled(t)
	for _, op := range []*operation.Operation{unsplit, split, ended} {
		f.attach(t, op)
	}
	f.exec(t, `UPDATE xforce.tasks SET total_chunks = 0 WHERE task_id = $1`, unsplit.ID)
	receiving := f.upload(t, 1)
	if err := receiving.Stage(t.Context(), chunks(2, 1)[0]); err != nil {
		t.Fatal(err)
	}
	f.attach(t, &operation.Operation{ID: receiving.ID()})
	found, err := f.store.ClearableUploads(t.Context(), plenty)
	if err != nil || !slices.Equal(sorted(found...), sorted(split.ID, ended.ID)) {
		t.Errorf("found %v, %v; want %v and %v", found, err, split.ID, ended.ID)
	}
	for _, id := range found {
		if err := f.store.ClearSplit(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := f.store.ClearableUploads(t.Context(), plenty); err != nil || len(again) != 0 {
		t.Errorf("then %v, %v", again, err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.upload_pieces`); n != 240 {
		t.Errorf("%d of the 240 pieces that are needed are left", n)
	}
}
