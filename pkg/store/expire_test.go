package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func idsOf(timedOut []store.TimedOut) (ids []uuid.UUID) {
	for _, op := range timedOut {
		ids = append(ids, op.ID)
	}
	return ids
}

func sorted(ids ...uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

// passDeadline moves the poll deadline of an operation into the past.
func (f fixture) passDeadline(t *testing.T, op *operation.Operation) {
	t.Helper()
	f.exec(t, `UPDATE xforce.tasks SET poll_deadline = clock_timestamp() - interval '1 ms' WHERE task_id = $1`, op.ID)
}

func TestTimeOutUnpolled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting, running, polled, done := f.search(t, time.Minute), f.search(t, time.Minute), f.search(t, time.Minute), f.search(t, time.Minute)
	f.search(t, 0)
	f.start(t, 1, 1, 1)
	f.attempt(t, of(running, 0), operation.Search)
	f.attempt(t, of(done, 0), operation.Search)
	f.resume(t, done, store.Progress{Done: true})
	for _, op := range []*operation.Operation{waiting, running, polled, done} {
		f.passDeadline(t, op)
	}
	if err := f.store.Polled(t.Context(), []uuid.UUID{polled.ID}, time.Minute); err != nil {
		t.Fatal(err)
	}
	timedOut, err := f.store.TimeOutUnpolled(t.Context(), maxRows)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sorted(waiting.ID, running.ID), sorted(idsOf(timedOut)...)); diff != "" {
		t.Errorf("TimeOutUnpolled() (-want +got):\n%s", diff)
	}
	now := f.read(t, running.ID)
	if now.State != operation.TimedOut || now.Failure == nil || now.Failure.Code != "TimedOut" || now.FinishedAt.IsZero() {
		t.Errorf("after TimeOutUnpolled(): %s, %+v, %s, want timed out now as TimedOut", now.State, now.Failure, now.FinishedAt)
	}
	if got := f.read(t, done.ID).State; got != operation.Succeeded {
		t.Errorf("State of a finished operation = %s, want succeeded", got)
	}
	if again, err := f.store.TimeOutUnpolled(t.Context(), maxRows); err != nil || len(again) != 0 {
		t.Errorf("second TimeOutUnpolled() = %v, %v, want none", again, err)
	}
}

func TestTimeOutUnpolledReturnsRequestID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, requestID := range []string{"", "r-1"} {
		op, err := f.store.Accept(t.Context(), store.Draft{
			Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, RequestID: requestID,
			PollWithin: time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		f.passDeadline(t, op)
		timedOut, err := f.store.TimeOutUnpolled(t.Context(), 1)
		want := []store.TimedOut{{ID: op.ID, Kind: operation.Search, RequestID: requestID}}
		if diff := cmp.Diff(want, timedOut); err != nil || diff != "" {
			t.Errorf("TimeOutUnpolled() = %v (-want +got):\n%s", err, diff)
		}
	}
}

func TestTimeOutUnpolledSkipsLocked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	locked, free := f.search(t, time.Minute), f.search(t, time.Minute)
	f.passDeadline(t, locked)
	f.passDeadline(t, free)
	tx, err := f.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE xforce.tasks SET phase = 'x' WHERE task_id = $1`, locked.ID); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if timedOut, err := f.store.TimeOutUnpolled(ctx, maxRows); err != nil || !slices.Equal(idsOf(timedOut), []uuid.UUID{free.ID}) {
		t.Errorf("TimeOutUnpolled() = %v, %v, want %v", timedOut, err, free.ID)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if timedOut, err := f.store.TimeOutUnpolled(t.Context(), 1); err != nil || !slices.Equal(idsOf(timedOut), []uuid.UUID{locked.ID}) {
		t.Errorf("TimeOutUnpolled() after the lock = %v, %v, want %v", timedOut, err, locked.ID)
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	due, kept, pruned, running := f.start(t, 1, 3, 3), f.start(t, 1, 1, 1), f.start(t, 1, 1, 1), f.start(t, 1, 1, 1)
	for _, op := range []*operation.Operation{due, kept, pruned} {
		f.step(t, of(op, 0), operation.Created)
	}
	f.prune(t, pruned)
	f.exec(t, `
UPDATE xforce.tasks SET finished_at = clock_timestamp() - retention - interval '1 s'
WHERE finished_at IS NOT NULL AND task_id <> $1`, kept.ID)
	f.exec(t, `UPDATE xforce.tasks SET retention = '0' WHERE task_id = $1`, running.ID)
	before := f.read(t, due.ID)
	expired, err := f.store.Expire(t.Context(), maxRows)
	if err != nil || !slices.Equal(expired, []uuid.UUID{due.ID}) {
		t.Fatalf("Expire() = %v, %v, want %v", expired, err, due.ID)
	}
	now := f.read(t, due.ID)
	if !now.Expired || now.State != operation.Succeeded || now.Counts != before.Counts || now.ExpiresAt.Before(before.ExpiresAt) {
		t.Errorf("tombstone = %+v, want the state, the counts and the expiry of %+v", now, before)
	}
	for name, op := range map[string]*operation.Operation{"within its retention": kept, "running": running} {
		if f.read(t, op.ID).Expired {
			t.Errorf("%s: Expired = true, want false", name)
		}
	}
}

func TestDeleteExpired(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old, young, unpurged, active := f.cancelled(t), f.cancelled(t), f.cancelled(t), f.cancelled(t)
	for _, op := range []*operation.Operation{old, young, unpurged} {
		f.prune(t, op)
	}
	f.purgeAll(t, old)
	f.purgeAll(t, young)
	f.exec(t, `UPDATE xforce.tasks SET expires_at = clock_timestamp() - interval '2 h' WHERE task_id <> $1`, young.ID)
	if deleted, err := f.store.DeleteExpired(t.Context(), time.Hour, maxRows); err != nil || deleted != 1 {
		t.Errorf("DeleteExpired() = %d, %v, want 1", deleted, err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE task_id = ANY ($1)`,
		[]uuid.UUID{young.ID, unpurged.ID, active.ID}); got != 3 {
		t.Errorf("%d other operations are left, want 3", got)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE task_id = $1`, old.ID); got != 0 {
		t.Errorf("%d old tombstones are left, want 0", got)
	}
}
