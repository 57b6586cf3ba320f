package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// setAges moves the time of the operation's acceptance, and those of its chunks' last steps, into
// the past.
func (f fixture) setAges(t *testing.T, op *operation.Operation, sealed string, stepped map[int]string) {
	t.Helper()
	f.exec(t, `UPDATE xforce.tasks SET sealed_at = clock_timestamp() - $2::interval WHERE task_id = $1`, op.ID, sealed)
	for seq, age := range stepped {
		f.exec(t, `UPDATE xforce.task_chunks SET stepped_at = clock_timestamp() - $3::interval WHERE task_id = $1 AND seq = $2 AND stepped_at IS NOT NULL`,
			op.ID, seq, age)
	}
}

// stats reads the stats. It rounds ages down to whole hours, so that the passing time does not
// matter.
func (f fixture) stats(t *testing.T) (map[job.OperationCount]bool, map[job.Kind]job.DueCount) {
	t.Helper()
	stats, err := f.store.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	operations, due := make(map[job.OperationCount]bool), make(map[job.Kind]job.DueCount)
	for _, count := range stats.Operations {
		operations[count] = true
	}
	for _, count := range stats.Due {
		count.Oldest = count.Oldest.Truncate(time.Hour)
		due[count.Kind] = count
	}
	return operations, due
}

func TestStatsOfEmptyDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if got, err := f.store.Stats(t.Context()); err != nil || len(got.Operations)+len(got.Due) != 0 {
		t.Errorf("Stats() = %+v, %v, want nothing", got, err)
	}
}

// TestStatsAges: a lane's first chunk is due since the acceptance, any other since its
// predecessor's step, the step of a search since the step before; and chunks that have been
// attempted have no age.
func TestStatsAges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting := f.seal(t, 2, 10, 2) // five chunks, two lanes
	f.setAges(t, waiting, "3 hours", nil)
	started := f.start(t, 2, 10, 2) // chunk 0 is attempted
	f.setAges(t, started, "9 hours", nil)
	f.step(t, of(started, 1), operation.Created) // so chunk 3 is due
	f.setAges(t, started, "9 hours", map[int]string{1: "5 hours"})
	search := f.search(t, 0)
	f.setAges(t, search, "7 hours", nil)
	f.startSearch(t)
	finished := f.start(t, 1, 2, 2)
	f.step(t, of(finished, 0), operation.Created)
	u := f.beginMultipart(t)
	f.mustPut(t, u, 1, "some bytes")
	unsplit := f.finish(t, u)
	f.setAges(t, unsplit, "2 hours", nil)
	f.beginMultipart(t)

	operations, due := f.stats(t)
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
	f.resume(t, search, store.Progress{})
	f.setAges(t, search, "7 hours", map[int]string{0: "1 hour"})
	f.exec(t, `UPDATE xforce.task_chunks SET stepped_at = NULL WHERE task_id = $1`, started.ID) // like a worker older than the column
	f.exec(t, `UPDATE xforce.tasks SET updated_at = clock_timestamp() - interval '4 hours' WHERE task_id = $1`, started.ID)
	f.attempt(t, job.SplitOf(unsplit.ID), operation.Import)
	want[job.Import] = job.DueCount{Kind: job.Import, Chunks: 4, Oldest: 4 * time.Hour}
	want[job.Search] = job.DueCount{Kind: job.Search, Chunks: 2, Oldest: time.Hour}
	want[job.Split] = job.DueCount{Kind: job.Split, Chunks: 1}
	if _, due = f.stats(t); cmp.Diff(want, due) != "" {
		t.Errorf("due after more steps (-want +got):\n%s", cmp.Diff(want, due))
	}
}

// TestStatsAfterSplit: the first chunks of a split upload are due since the split, not since the
// acceptance.
func TestStatsAfterSplit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.finished(t)
	if _, err := f.store.RunSplit(t.Context(), job.SplitOf(op.ID), f.splitInto(4, 2)); err != nil {
		t.Fatal(err)
	}
	f.setAges(t, op, "9 hours", map[int]string{job.SplitOf(op.ID).Seq: "2 hours"})
	_, due := f.stats(t)
	want := map[job.Kind]job.DueCount{job.Import: {Kind: job.Import, Chunks: 2, Oldest: 2 * time.Hour}}
	if diff := cmp.Diff(want, due); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
}

// TestStatsLimitsLanes: Stats reads the lanes of the first accepted operations; it counts the
// operations behind them, but not their chunks.
func TestStatsLimitsLanes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.seal(t, 2, 10, 2) // five chunks
	f.seal(t, 2, 10, 2)          // two of five chunks are due
	for lanes, want := range map[int]int{40_000: 5, 39_999: 7} {
		f.exec(t, `UPDATE xforce.tasks SET lanes = $2, total_chunks = $2 WHERE task_id = $1`, first.ID, lanes)
		operations, due := f.stats(t)
		if got := due[job.Import].Chunks; got != want {
			t.Errorf("behind %d lanes: %d chunks are due, want %d", lanes, got, want)
		}
		if !operations[job.OperationCount{Kind: operation.Import, State: operation.Waiting, Count: 2}] {
			t.Errorf("behind %d lanes: operations = %v, want 2 imports", lanes, operations)
		}
	}
}
