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

// cancelled returns an import of three chunks that was cancelled after one chunk of rejected
// records.
func (f fixture) cancelled(t *testing.T) *operation.Operation {
	t.Helper()
	op := f.seal(t, 1, 6, 2)
	f.step(t, of(op, 0), operation.Rejected)
	f.cancel(t, op)
	return op
}

// purgeAll calls Purge until it deletes nothing, and returns how many rows it deleted.
func (f fixture) purgeAll(t *testing.T, op *operation.Operation) (deleted int) {
	t.Helper()
	for {
		n, err := f.store.Purge(t.Context(), []uuid.UUID{op.ID})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return deleted
		}
		deleted += n
	}
}

// countDependents counts an operation's rows in all dependent tables.
const countDependents = `
SELECT (SELECT count(*) FROM xforce.task_chunks WHERE task_id = $1) + (SELECT count(*) FROM xforce.task_progress WHERE task_id = $1)
  + (SELECT count(*) FROM xforce.task_outputs WHERE task_id = $1) + (SELECT count(*) FROM xforce.task_events WHERE task_id = $1)
  + (SELECT count(*) FROM xforce.upload_parts WHERE task_id = $1) + (SELECT count(*) FROM xforce.upload_pieces WHERE task_id = $1)`

const countPurged = `SELECT count(*) FROM xforce.tasks WHERE reclaimed_at IS NOT NULL`

// attach inserts a row into each dependent table that a single-body import does not use, and more
// than two batches of blocks.
func (f fixture) attach(t *testing.T, op *operation.Operation) {
	t.Helper()
	f.exec(t, `INSERT INTO xforce.task_outputs (task_id, stage, seq, byte_offset, byte_count, payload) VALUES ($1, 'file', 0, 0, 1, 'x')`, op.ID)
	f.exec(t, `INSERT INTO xforce.upload_parts (task_id, part, version, byte_count, digest) VALUES ($1, 1, $1, 1, '')`, op.ID)
	f.exec(t, `INSERT INTO xforce.upload_pieces (task_id, version, seq, byte_count, payload) SELECT $1, $1, i, 1, 'x' FROM generate_series(0, 119) AS i`, op.ID)
}

func TestPurge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op, other := f.cancelled(t), f.cancelled(t)
	f.attach(t, op)
	f.attach(t, other)
	want, wantOther := f.count(t, countDependents, op.ID), f.count(t, countDependents, other.ID)
	f.prune(t, op)
	before := f.read(t, op.ID)
	if got, err := f.store.Purgeable(t.Context(), uuid.Nil, maxRows); err != nil || !slices.Equal(got, []uuid.UUID{op.ID}) {
		t.Errorf("Purgeable() = %v, %v, want %v", got, err, op.ID)
	}
	if got := f.purgeAll(t, op); got != want {
		t.Errorf("Purge() deleted %d rows, want %d", got, want)
	}
	if got := f.count(t, countDependents, op.ID); got != 0 {
		t.Errorf("%d dependent rows are left, want 0", got)
	}
	now := f.read(t, op.ID)
	if now.Counts != before.Counts || now.Counts.Failed != 2 || now.State != operation.Cancelled || !now.Expired {
		t.Errorf("tombstone = %+v, want the state and the counts of %+v", now, before)
	}
	if got, err := f.store.Purgeable(t.Context(), uuid.Nil, maxRows); err != nil || len(got) != 0 {
		t.Errorf("Purgeable() after Purge() = %v, %v, want none", got, err)
	}
	if got := f.count(t, countDependents, other.ID); got != wantOther {
		t.Errorf("%d rows of the other operation are left, want %d", got, wantOther)
	}
}

func TestPurgeKeepsActiveOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	finished, running := f.cancelled(t), f.start(t, 1, 2, 1)
	for _, op := range []*operation.Operation{finished, running} {
		want := f.count(t, countDependents, op.ID)
		if deleted := f.purgeAll(t, op); deleted != 0 {
			t.Errorf("Purge() of a %s operation deleted %d rows, want 0", op.State, deleted)
		}
		if got := f.count(t, countDependents, op.ID); got != want {
			t.Errorf("%d rows of a %s operation are left, want %d", got, op.State, want)
		}
	}
	if got := f.count(t, countPurged); got != 0 {
		t.Errorf("%d operations are marked as purged, want 0", got)
	}
}

// TestPurgeSkipsLockedChunk: a worker that has not noticed the end of its operation keeps its
// chunk, and the operation is not marked yet.
func TestPurgeSkipsLockedChunk(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 2, 1)
	locked, released, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	release := sync.OnceFunc(func() { close(released) })
	t.Cleanup(release)
	go func() {
		_, err := f.store.RunStep(context.Background(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
			close(locked)
			<-released
			return all(operation.Created)(ctx, s)
		})
		ended <- err
	}()
	<-locked
	f.cancel(t, op)
	f.prune(t, op)
	f.purgeAll(t, op)
	if got := f.count(t, countDependents, op.ID); got != 1 {
		t.Errorf("%d rows are left, want the locked chunk", got)
	}
	if got := f.count(t, countPurged); got != 0 {
		t.Errorf("%d operations are marked as purged, want 0", got)
	}
	release()
	if err := <-ended; err == nil {
		t.Error("RunStep() of a cancelled operation = nil, want an error")
	}
	f.purgeAll(t, op)
	if got := f.count(t, countPurged); got != 1 {
		t.Errorf("%d operations are marked as purged, want 1", got)
	}
}
