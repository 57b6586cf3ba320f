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

// plenty is more than any of these tests has.
const plenty = 100

// search accepts a search, which must be asked for within the time given; 0 means never.
func (f fixture) search(t *testing.T, pollWithin time.Duration) *operation.Operation {
	t.Helper()
	op, err := f.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, PollWithin: pollWithin,
		Request: []byte(`{"q":"x"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// exec changes what no clock can change fast enough.
func (f fixture) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := f.sql.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func idsOf(ended []store.TimedOut) (ids []uuid.UUID) {
	for _, e := range ended {
		ids = append(ids, e.ID)
	}
	return ids
}

func (f fixture) unpolledSince(t *testing.T, op *operation.Operation) {
	t.Helper()
	f.exec(t, `UPDATE xforce.tasks SET poll_deadline = clock_timestamp() - interval '1 ms' WHERE task_id = $1`, op.ID)
}

func TestTimeOutUnpolled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	forgotten, begun, asked, done := f.search(t, time.Minute), f.search(t, time.Minute), f.search(t, time.Minute), f.search(t, time.Minute)
	f.search(t, 0)
	f.start(t, 1, 1, 1)
	for _, op := range []*operation.Operation{begun, done} {
		if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); err != nil {
			t.Fatal(err)
		}
	}
	f.mustTurn(t, done, store.Progress{Done: true})
	for _, op := range []*operation.Operation{forgotten, begun, asked, done} {
		f.unpolledSince(t, op)
	}
	if err := f.store.Polled(t.Context(), asked.ID, time.Minute); err != nil {
		t.Fatal(err)
	}
	ended, err := f.store.TimeOutUnpolled(t.Context(), plenty)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sorted(forgotten.ID, begun.ID), sorted(idsOf(ended)...)); diff != "" {
		t.Errorf("timed out (-want +got):\n%s", diff)
	}
	now := f.mustRead(t, begun.ID)
	if now.State != operation.TimedOut || now.Failure == nil || now.Failure.Code != "TimedOut" || now.FinishedAt.IsZero() {
		t.Errorf("it ended as %+v", now)
	}
	if done := f.mustRead(t, done.ID); done.State != operation.Succeeded {
		t.Errorf("a finished one became %s", done.State)
	}
	if again, err := f.store.TimeOutUnpolled(t.Context(), plenty); err != nil || len(again) != 0 {
		t.Errorf("a second look timed out %v, %v", again, err)
	}
}

// TestTimeOutPassesByWhatIsHeld: an operation whose row somebody changes is left for later, and a step in its middle does not hold it.
func TestTimeOutPassesByWhatIsHeld(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	held, free := f.search(t, time.Minute), f.search(t, time.Minute)
	f.unpolledSince(t, held)
	f.unpolledSince(t, free)
	tx, err := f.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE xforce.tasks SET phase = 'x' WHERE task_id = $1`, held.ID); err != nil {
		t.Fatal(err)
	}
	bounded, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	ended, err := f.store.TimeOutUnpolled(bounded, plenty)
	if err != nil || !slices.Equal(idsOf(ended), []uuid.UUID{free.ID}) {
		t.Errorf("timed out %v, %v; want %v", ended, err, free.ID)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ended, err := f.store.TimeOutUnpolled(t.Context(), 1); err != nil || !slices.Equal(idsOf(ended), []uuid.UUID{held.ID}) {
		t.Errorf("then %v, %v; want %v", ended, err, held.ID)
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	over, kept, pruned, running := f.start(t, 1, 3, 3), f.start(t, 1, 1, 1), f.start(t, 1, 1, 1), f.start(t, 1, 1, 1)
	for _, op := range []*operation.Operation{over, kept, pruned} {
		if _, err := f.store.RunStep(t.Context(), of(op, 0), all(operation.Created)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.store.Prune(t.Context(), pruned.ID); err != nil {
		t.Fatal(err)
	}
	f.exec(t, `UPDATE xforce.tasks SET finished_at = clock_timestamp() - retention - interval '1 s' WHERE finished_at IS NOT NULL AND task_id <> $1`, kept.ID)
	f.exec(t, `UPDATE xforce.tasks SET retention = '0' WHERE task_id = $1`, running.ID)
	before := f.mustRead(t, over.ID)
	expired, err := f.store.Expire(t.Context(), plenty)
	if err != nil || !slices.Equal(expired, []uuid.UUID{over.ID}) {
		t.Fatalf("expired %v, %v; want %v", expired, err, over.ID)
	}
	now := f.mustRead(t, over.ID)
	if !now.Expired || now.State != operation.Succeeded || now.Counts != before.Counts || now.ExpiresAt.Before(before.ExpiresAt) {
		t.Errorf("it left %+v", now)
	}
	for _, op := range []*operation.Operation{kept, running} {
		if f.mustRead(t, op.ID).Expired {
			t.Errorf("operation %d expired, too", op.Number)
		}
	}
}

func TestBury(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old, young, hanging, alive := f.cancelled(t), f.cancelled(t), f.cancelled(t), f.cancelled(t)
	for _, op := range []*operation.Operation{old, young, hanging} {
		if _, err := f.store.Prune(t.Context(), op.ID); err != nil {
			t.Fatal(err)
		}
	}
	f.reclaimAll(t, old)
	f.reclaimAll(t, young)
	f.exec(t, `UPDATE xforce.tasks SET expires_at = clock_timestamp() - interval '2 h' WHERE task_id <> $1`, young.ID)
	buried, err := f.store.DeleteExpired(t.Context(), time.Hour, plenty)
	if err != nil || buried != 1 {
		t.Errorf("buried %d, %v", buried, err)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE task_id = ANY ($1)`, []uuid.UUID{young.ID, hanging.ID, alive.ID}); n != 3 {
		t.Errorf("%d of 3 others are left", n)
	}
	if n := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE task_id = $1`, old.ID); n != 0 {
		t.Error("the old tombstone is left")
	}
}

func sorted(ids ...uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return ids
}
