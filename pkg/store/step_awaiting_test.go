package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// try runs a step of awaiting records that gives all of them the same outcome. It returns the chunks that were tried, and
// whether it was the last try.
func (f fixture) try(t *testing.T, op *operation.Operation, seq int, outcome operation.Outcome) (seqs []int, last bool, done store.Committed) {
	t.Helper()
	attempt := f.attempt(t, of(op, seq), operation.Import)
	if !attempt.Awaiting || attempt.Count != 1 {
		t.Errorf("attempt = %+v, want the first one of an awaiting chunk", attempt)
	}
	done, err := f.store.RunAwaiting(t.Context(), of(op, seq), store.Parents{Collections: []string{"tools"}, Wait: time.Hour}, func(_ context.Context, s *store.AwaitingStep) (store.Effect, error) {
		last = s.Last
		var effect store.Effect
		for _, c := range s.Chunks {
			seqs = append(seqs, c.Seq)
			effect.Outcomes = append(effect.Outcomes, slices.Repeat([]operation.Outcome{outcome}, c.Rows)...)
		}
		return effect, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seqs, last, done
}

// TestRunAwaitingInGroups: more records than one step may load are tried group by group, the last ones first, and each
// group again after another one was written.
func TestRunAwaitingInGroups(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 50_000, 10_000)
	for seq := range 5 {
		f.step(t, of(op, seq), operation.Unprocessed)
	}
	const none, created = operation.Unprocessed, operation.Created
	for i, step := range []struct {
		seq     int
		outcome operation.Outcome
		want    []int
		last    bool
		next    []int
	}{
		{0, none, []int{3, 4}, false, []int{0}},
		{0, none, []int{1, 2}, false, []int{0}},
		{0, created, []int{0}, false, []int{1}}, // a reason to try the others again
		{1, none, []int{3, 4}, false, []int{1}},
		{1, created, []int{1, 2}, false, []int{3}},
		{3, created, []int{3, 4}, true, nil},
	} {
		seqs, last, done := f.try(t, op, step.seq, step.outcome)
		var next []int
		for _, n := range done.Next {
			next = append(next, n.Seq)
		}
		if diff := cmp.Diff(step.want, seqs); diff != "" || last != step.last || !slices.Equal(next, step.next) {
			t.Errorf("step %d: last = %v, want %v; next = %v, want %v; chunks (-want +got):\n%s", i, last, step.last, next, step.next, diff)
		}
	}
	if end := f.read(t, op.ID); end.State != operation.Succeeded || end.Counts.Created != 50_000 {
		t.Errorf("operation = %+v, want Succeeded with 50000 created", end)
	}
}

// TestRunAwaitingLastOfGroups: groups that were all tried in vain are tried once more, for the last time.
func TestRunAwaitingLastOfGroups(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 30_000, 10_000)
	for seq := range 3 {
		f.step(t, of(op, seq), operation.Unprocessed)
	}
	var got []bool
	for range 3 {
		_, last, _ := f.try(t, op, 0, operation.Unprocessed)
		got = append(got, last)
	}
	if diff := cmp.Diff([]bool{false, false, true}, got); diff != "" {
		t.Errorf("last tries (-want +got):\n%s", diff)
	}
}

// TestRunAwaitingEarlier: only unfinished imports of the same tenant that were accepted earlier are awaited.
func TestRunAwaitingEarlier(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	earlier := f.seal(t, 1, 2, 1)
	other := f.seal(t, 1, 1, 1)
	f.exec(t, `UPDATE xforce.tasks SET tenant = 'other', public_id = gen_random_uuid(), public_number = 1 WHERE task_id = $1`, other.ID)
	op := f.seal(t, 1, 1, 1)
	f.seal(t, 1, 1, 1)
	f.step(t, of(op, 0), operation.Unprocessed)
	if _, last, _ := f.try(t, op, 0, operation.Unprocessed); last {
		t.Error("Last = true beside an earlier import, want false")
	}
	awaits := func(wait time.Duration) bool {
		parents := store.Parents{Collections: []string{"tools"}, Wait: wait}
		_, err := f.store.RunAwaiting(t.Context(), of(op, 0), parents, func(context.Context, *store.AwaitingStep) (store.Effect, error) {
			return store.Effect{}, errTried
		})
		_, ok := errors.AsType[*store.AwaitingError](err)
		return ok
	}
	if !awaits(time.Hour) {
		t.Error("RunAwaiting() without a change tried the records, want an AwaitingError")
	}
	const phase = "Waiting for earlier imports into tools: a foreign key or a lookup refuses the remaining records so far"
	if got := f.read(t, op.ID).Phase; got != phase {
		t.Errorf("phase = %q, want %q", got, phase)
	}
	if awaits(0) {
		t.Error("RunAwaiting() after the time = AwaitingError, want a try")
	}
	f.step(t, of(earlier, 0), operation.Created)
	f.exec(t, `UPDATE xforce.task_chunks SET stepped_at = stepped_at - interval '1 minute' WHERE state = 'awaiting'`)
	if awaits(time.Hour) {
		t.Error("RunAwaiting() after a step of the earlier import = AwaitingError, want a try")
	}
	f.cancel(t, earlier)
	if _, last, _ := f.try(t, op, 0, operation.Unprocessed); !last {
		t.Error("Last = false after the end of the earlier import, want true")
	}
	if _, _, done := f.try(t, op, 0, operation.Created); done.State != operation.Succeeded || f.read(t, op.ID).Phase != "" {
		t.Errorf("state = %s, phase = %q, want Succeeded without a phase", done.State, f.read(t, op.ID).Phase)
	}
}

// TestRunAwaitingOneByOne: where the ledger orders the records, each chunk is tried by itself.
func TestRunAwaitingOneByOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 2, 1)
	for seq := range 2 {
		f.step(t, of(op, seq), operation.Unprocessed)
	}
	var got []int
	_, err := f.store.RunAwaiting(t.Context(), of(op, 0), store.Parents{OneByOne: true}, func(_ context.Context, s *store.AwaitingStep) (store.Effect, error) {
		for _, c := range s.Chunks {
			got = append(got, c.Seq)
		}
		return store.Effect{Outcomes: []operation.Outcome{operation.Created}}, nil
	})
	if diff := cmp.Diff([]int{1}, got); err != nil || diff != "" {
		t.Errorf("RunAwaiting() = %v, chunks (-want +got):\n%s", err, diff)
	}
}

// TestRunAwaitingOnlyWhenDue: awaiting chunks are not due while a chunk is pending, and then only the first one.
func TestRunAwaitingOnlyWhenDue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 3, 1)
	expect := func(seq int, want error) {
		t.Helper()
		_, err := f.store.BeginAttempt(t.Context(), of(op, seq), operation.Import)
		if !errors.Is(err, want) {
			t.Errorf("BeginAttempt() of chunk %d = %v, want %v", seq, err, want)
		}
		_, err = f.store.RunAwaiting(t.Context(), of(op, seq), store.Parents{}, func(context.Context, *store.AwaitingStep) (store.Effect, error) {
			return store.Effect{}, errTried
		})
		if want == nil {
			want = errTried
		}
		if !errors.Is(err, want) {
			t.Errorf("RunAwaiting() of chunk %d = %v, want %v", seq, err, want)
		}
	}
	f.step(t, of(op, 0), operation.Unprocessed)
	f.step(t, of(op, 1), operation.Unprocessed)
	expect(0, store.ErrNothingDue)
	f.step(t, of(op, 2), operation.Created)
	expect(1, store.ErrNothingDue)
	expect(0, nil)
	f.cancel(t, op)
	expect(0, store.ErrNothingDue)
}

var errTried = errors.New("tried")

// TestAwaitingBesidePreviousRelease: a worker of the previous release, whose statements these are, neither takes an awaiting
// chunk nor finishes its operation.
func TestAwaitingBesidePreviousRelease(t *testing.T) {
	t.Parallel()
	const (
		lockable = `SELECT count(*) FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE c.task_id = $1 AND c.state = 'pending' AND t.status IN ('waiting', 'running')`
		finishChunk = `
UPDATE xforce.task_chunks SET state = 'done', outcomes = $2, stepped_at = clock_timestamp(), created_records = 1
WHERE task_id = $1 AND seq = 1`
		countStep = `
UPDATE xforce.tasks SET created_records = created_records + 1, imported_records = imported_records + 1, done_chunks = done_chunks + 1,
  status = CASE WHEN done_chunks + 1 = total_chunks THEN 'succeeded' ELSE 'running' END,
  finished_at = CASE WHEN done_chunks + 1 = total_chunks THEN clock_timestamp() END
WHERE task_id = $1 AND status IN ('waiting', 'running')`
	)
	f := newFixture(t)
	op := f.seal(t, 1, 2, 1)
	f.step(t, of(op, 0), operation.Unprocessed)
	f.exec(t, finishChunk, op.ID, chunk.PackOutcomes([]operation.Outcome{operation.Created}))
	f.exec(t, countStep, op.ID)
	var n int
	if err := f.sql.QueryRow(t.Context(), lockable, op.ID).Scan(&n); err != nil || n != 0 {
		t.Errorf("the previous release can lock %d chunks, %v, want none", n, err)
	}
	if got := f.read(t, op.ID); got.State != operation.Running {
		t.Errorf("state = %s, want running", got.State)
	}
	due, _, err := f.store.DueChunks(t.Context(), operation.Import, 0, 10)
	if err != nil || len(due) != 1 || due[0].Chunk != of(op, 0) {
		t.Errorf("DueChunks() = %v, %v, want the awaiting chunk", due, err)
	}
	if _, last, done := f.try(t, op, 0, operation.Created); !last || done.State != operation.Succeeded {
		t.Errorf("last = %t, state = %s, want the last try and succeeded", last, done.State)
	}
}
