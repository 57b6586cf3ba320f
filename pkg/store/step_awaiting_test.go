package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// TestRunAwaitingInGroups: more records than one step may load are tried group by group, each again after another
// one was written. The last try comes when all were tried in vain.
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
		{0, none, []int{0, 1}, false, []int{0}},
		{0, none, []int{2, 3}, false, []int{0}},
		{0, created, []int{4}, false, []int{0}}, // a reason to try the others again
		{0, none, []int{0, 1}, false, []int{0}},
		{0, created, []int{2, 3}, false, []int{0}},
		{0, created, []int{0, 1}, true, nil},
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
	awaits := func() bool {
		_, err := f.store.RunAwaiting(t.Context(), of(op, 0), store.Parents{Collections: []string{"tools"}, Wait: time.Hour}, func(context.Context, *store.AwaitingStep) (store.Effect, error) {
			return store.Effect{}, errors.New("tried")
		})
		_, ok := errors.AsType[*store.AwaitingError](err)
		return ok
	}
	if !awaits() {
		t.Error("RunAwaiting() without a change tried the records, want an AwaitingError")
	}
	f.step(t, of(earlier, 0), operation.Created)
	f.exec(t, `UPDATE xforce.task_chunks SET stepped_at = stepped_at - interval '1 minute' WHERE state = 'awaiting'`)
	if awaits() {
		t.Error("RunAwaiting() after a step of the earlier import = AwaitingError, want a try")
	}
	f.cancel(t, earlier)
	if _, last, _ := f.try(t, op, 0, operation.Unprocessed); !last {
		t.Error("Last = false after the end of the earlier import, want true")
	}
}
