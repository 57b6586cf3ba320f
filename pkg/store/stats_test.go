package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// ages moves the times by which a chunk is due into the past.
func (f fixture) ages(t *testing.T, op *operation.Operation, sealed string, seqs map[int]string) {
	t.Helper()
	f.exec(t, `UPDATE xforce.tasks SET sealed_at = clock_timestamp() - $2::interval WHERE task_id = $1`, op.ID, sealed)
	for seq, age := range seqs {
		f.exec(t, `UPDATE xforce.task_chunks SET stepped_at = clock_timestamp() - $3::interval WHERE task_id = $1 AND seq = $2 AND stepped_at IS NOT NULL`,
			op.ID, seq, age)
	}
}

// standing reads how the work stands; ages are rounded down to whole hours, so that the clock may go on.
func (f fixture) standing(t *testing.T) (map[job.OperationCount]bool, map[job.Kind]job.DueCount) {
	t.Helper()
	now, err := f.store.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	operations, due := make(map[job.OperationCount]bool), make(map[job.Kind]job.DueCount)
	for _, tally := range now.Operations {
		operations[tally] = true
	}
	for _, w := range now.Due {
		w.Oldest = w.Oldest.Truncate(time.Hour)
		due[w.Kind] = w
	}
	return operations, due
}

func TestStandingOfNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if now, err := f.store.Stats(t.Context()); err != nil || len(now.Operations)+len(now.Due) != 0 {
		t.Errorf("%+v, %v", now, err)
	}
}

// TestStandingTellsSinceWhenWorkIsDue: the first chunk of a lane since the operation was accepted, any other since the one before it, the turn
// of a search since the turn before; and only what nobody has begun is old.
func TestStandingTellsSinceWhenWorkIsDue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting := f.seal(t, 2, 10, 2) // five chunks, two lanes
	f.ages(t, waiting, "3 hours", nil)
	begun := f.start(t, 2, 10, 2)
	f.ages(t, begun, "9 hours", nil)
	f.mustStep(t, of(begun, 1), operation.Created) // so chunk 3 is due, and chunk 0 is in work
	f.ages(t, begun, "9 hours", map[int]string{1: "5 hours"})
	search := f.search(t, 0)
	f.ages(t, search, "7 hours", nil)
	f.attempt(t, of(f.search(t, 0), 0), operation.Search) // in work
	finished := f.start(t, 1, 2, 2)
	f.mustStep(t, of(finished, 0), operation.Created)
	p := f.inPieces(t)
	f.mustPut(t, p, 1, "some bytes")
	unsplit := f.mustFinish(t, p)
	f.ages(t, unsplit, "2 hours", nil)
	f.inPieces(t)

	operations, due := f.standing(t)
	wantOperations := map[job.OperationCount]bool{
		{Kind: operation.Import, State: operation.Receiving, Count: 1}: true,
		{Kind: operation.Import, State: operation.Waiting, Count: 2}:   true,
		{Kind: operation.Import, State: operation.Running, Count: 1}:   true,
		{Kind: operation.Search, State: operation.Waiting, Count: 1}:   true,
		{Kind: operation.Search, State: operation.Running, Count: 1}:   true,
	}
	if diff := cmp.Diff(wantOperations, operations); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	want := map[job.Kind]job.DueCount{
		job.Import: {Kind: job.Import, Chunks: 4, Oldest: 5 * time.Hour},
		job.Search: {Kind: job.Search, Chunks: 2, Oldest: 7 * time.Hour},
		job.Split:  {Kind: job.Split, Chunks: 1, Oldest: 2 * time.Hour},
	}
	if diff := cmp.Diff(want, due); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}

	f.attempt(t, of(search, 0), operation.Search)
	f.mustTurn(t, search, store.Progress{})
	f.ages(t, search, "7 hours", map[int]string{0: "1 hour"})
	f.exec(t, `UPDATE xforce.task_chunks SET stepped_at = NULL WHERE task_id = $1`, begun.ID) // by a worker that is older than the column
	f.exec(t, `UPDATE xforce.tasks SET updated_at = clock_timestamp() - interval '4 hours' WHERE task_id = $1`, begun.ID)
	f.attempt(t, job.SplitOf(unsplit.ID), operation.Import)
	want[job.Import] = job.DueCount{Kind: job.Import, Chunks: 4, Oldest: 4 * time.Hour}
	want[job.Search] = job.DueCount{Kind: job.Search, Chunks: 2, Oldest: time.Hour}
	want[job.Split] = job.DueCount{Kind: job.Split, Chunks: 1}
	if _, due = f.standing(t); cmp.Diff(want, due) != "" {
		t.Errorf("then (-want +got):\n%s", cmp.Diff(want, due))
	}
}

// TestStandingAfterASplit: the first chunks are due since the upload was split, not since it was accepted.
func TestStandingAfterASplit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(4, 2)); err != nil {
		t.Fatal(err)
	}
	f.ages(t, op, "9 hours", map[int]string{job.SplitOf(op.ID).Seq: "2 hours"})
	if _, due := f.standing(t); due[job.Import].Oldest != 2*time.Hour || due[job.Split].Chunks != 0 {
		t.Errorf("due: %+v", due)
	}
}

func (f fixture) attempt(t *testing.T, c job.Chunk, kind operation.Kind) store.Attempt {
	t.Helper()
	attempt, err := f.store.BeginAttempt(t.Context(), c, kind)
	if err != nil {
		t.Fatal(err)
	}
	return attempt
}

// TestTheRequestIsRemembered: whoever works on an operation learns which request began it; one too long to keep costs nobody an import.
func TestTheRequestIsRemembered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for given, want := range map[string]string{"": "", "r-1": "r-1", strings.Repeat("ä", 200): strings.Repeat("ä", 128)} {
		draft := store.Draft{
			Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, RequestID: given, PollWithin: time.Minute,
		}
		op, err := f.store.Accept(t.Context(), draft)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.attempt(t, of(op, 0), operation.Search).RequestID; got != want {
			t.Errorf("of %q is left %q", given, got)
		}
		f.unpolledSince(t, op)
		ended, err := f.store.TimeOutUnpolled(t.Context(), 1)
		if want := []store.TimedOut{{ID: op.ID, Kind: operation.Search, RequestID: want}}; err != nil || cmp.Diff(want, ended) != "" {
			t.Errorf("timed out %+v, %v", ended, err)
		}
		draft.Reference, draft.Kind = operation.NewReference(), operation.Import
		upload, err := f.store.NewUpload(draft)
		if err != nil {
			t.Fatal(err)
		}
		if op, err = upload.Seal(t.Context(), chunks(1, 1)[0]); err != nil {
			t.Fatal(err)
		}
		if got := f.attempt(t, of(op, 0), operation.Import).RequestID; got != want {
			t.Errorf("of %q an import keeps %q", given, got)
		}
	}
}

// TestStandingLooksAtABoundedNumberOfLanes: those of what was accepted first; the operations behind them are counted, and their work is not.
func TestStandingLooksAtABoundedNumberOfLanes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.seal(t, 2, 10, 2) // five chunks
	f.seal(t, 2, 10, 2)          // two of five are due
	for lanes, want := range map[int]int{40_000: 5, 39_999: 7} {
		f.exec(t, `UPDATE xforce.tasks SET lanes = $2, total_chunks = $2 WHERE task_id = $1`, first.ID, lanes)
		operations, due := f.standing(t)
		if got := due[job.Import].Chunks; got != want || !operations[job.OperationCount{Kind: operation.Import, State: operation.Waiting, Count: 2}] {
			t.Errorf("behind %d lanes: %d chunks are due, not %d; %v", lanes, got, want, operations)
		}
	}
}
