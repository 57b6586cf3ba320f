package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// searchOf accepts a search of an owner.
func (f fixture) searchOf(t *testing.T, owner string) *operation.Operation {
	t.Helper()
	op, err := f.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, Owner: owner,
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// hold decides about the operation's only chunk.
func (f fixture) hold(t *testing.T, op *operation.Operation, owner string) (held bool) {
	t.Helper()
	held, _, err := f.store.Hold(t.Context(), store.Share{Owner: owner, Kind: job.Search, Limit: 2}, job.Entry{Chunk: of(op, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return held
}

// release releases a held search of an owner, after a step with the following chunks.
func (f fixture) release(t *testing.T, owner string, following ...store.Next) []store.Next {
	t.Helper()
	due, err := f.store.Release(t.Context(), owner, job.Search, following)
	if err != nil {
		t.Fatal(err)
	}
	return due
}

func nextSearch(op *operation.Operation, steps int) store.Next {
	return store.Next{Due: job.Due{Kind: job.Search, Chunk: of(op, 0)}, Steps: steps}
}

// TestHoldAndRelease fills the share of one owner: its third search is held, another owner's is not.
// Released searches take turns, and those of cancelled operations are skipped.
func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var many []*operation.Operation
	for range 5 {
		many = append(many, f.searchOf(t, "many"))
	}
	other := f.searchOf(t, "other")
	for i, op := range many { // all are accepted before the first is dispatched
		if got, want := f.hold(t, op, "many"), i >= 2; got != want {
			t.Errorf("Hold() of search %d = %t, want %t", i, got, want)
		}
	}
	if f.hold(t, other, "other") {
		t.Error("Hold() of another owner's search = true, want false")
	}
	due, _, err := f.store.DueChunks(t.Context(), operation.Search, 0, maxRows)
	want := []job.Due{{Kind: job.Search, Chunk: of(many[0], 0)}, {Kind: job.Search, Chunk: of(many[1], 0)}, {Kind: job.Search, Chunk: of(other, 0)}}
	if diff := cmp.Diff(want, due); err != nil || diff != "" {
		t.Errorf("DueChunks() = %v, without the held ones (-want +got):\n%s", err, diff)
	}
	f.cancel(t, many[2])
	step := func(op *operation.Operation) store.Next { return nextSearch(op, 1) }
	for i, tt := range []struct{ ended, want store.Next }{
		{step(many[0]), nextSearch(many[3], 0)},
		{step(many[1]), nextSearch(many[4], 0)},
		{step(many[3]), nextSearch(many[0], 0)}, // no step of it is committed in this test
	} {
		if diff := cmp.Diff([]store.Next{tt.want}, f.release(t, "many", tt.ended)); diff != "" {
			t.Errorf("Release() %d (-want +got):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff([]store.Next{step(other)}, f.release(t, "other", step(other))); diff != "" {
		t.Errorf("Release() of an owner without held chunks (-want +got):\n%s", diff)
	}
}

// TestQueuedOmitsHeld: when all entries of an owner have ended and chunks are still held, the janitor
// finds that nothing of the owner is queued.
func TestQueuedOmitsHeld(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, second, third := f.searchOf(t, "many"), f.searchOf(t, "many"), f.searchOf(t, "many")
	f.exec(t, `UPDATE xforce.tasks SET lanes = 2, total_chunks = 2 WHERE task_id = $1`, first.ID) // two entries
	if !f.hold(t, second, "many") {
		t.Error("Hold() with a full share = false, want true")
	}
	f.cancel(t, first)
	if !f.hold(t, third, "many") {
		t.Error("Hold() behind a held search = false, want true")
	}
	if queued, err := f.store.Queued(t.Context(), store.Share{Owner: "many", Kind: job.Search, Limit: 2}); err != nil || queued != 0 {
		t.Errorf("Queued() = %d, %v, want 0: the janitor releases the held ones", queued, err)
	}
	if diff := cmp.Diff([]store.Next{nextSearch(second, 0)}, f.release(t, "many")); diff != "" {
		t.Errorf("Release() (-want +got):\n%s", diff)
	}
}

// TestCommittedReportsHeld: a step of any kind reports that chunks of its owner are held.
func TestCommittedReportsHeld(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.searchOf(t, "many")
	f.attempt(t, of(op, 0), op.Kind)
	if committed := f.resume(t, op, store.Progress{}); committed.Held {
		t.Error("Held = true without held searches, want false")
	}
	f.exec(t, `INSERT INTO xforce.held_chunks (owner, kind, task_id, seq) VALUES ('many', 'search:step', gen_random_uuid(), 0)`)
	if committed := f.resume(t, op, store.Progress{}); !committed.Held {
		t.Error("Held = false with a held search, want true")
	}
	if err := f.store.DropHeld(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.held_chunks`); got != 0 {
		t.Errorf("%d held chunks of operations that do not exist are left, want none", got)
	}
}
