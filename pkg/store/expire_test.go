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
func (b bench) search(t *testing.T, pollWithin time.Duration) *operation.Operation {
	t.Helper()
	op, err := b.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, PollWithin: pollWithin,
		Request: []byte(`{"q":"x"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// exec changes what no clock can change fast enough.
func (b bench) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := b.sql.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func idsOf(ended []store.Ended) (ids []uuid.UUID) {
	for _, e := range ended {
		ids = append(ids, e.ID)
	}
	return ids
}

func (b bench) unpolledSince(t *testing.T, op *operation.Operation) {
	t.Helper()
	b.exec(t, `UPDATE xforce.tasks SET poll_deadline = clock_timestamp() - interval '1 ms' WHERE task_id = $1`, op.ID)
}

func TestTimeOutUnpolled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	forgotten, begun, asked, done := b.search(t, time.Minute), b.search(t, time.Minute), b.search(t, time.Minute), b.search(t, time.Minute)
	b.search(t, 0)
	b.start(t, 1, 1, 1)
	for _, op := range []*operation.Operation{begun, done} {
		if _, err := b.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); err != nil {
			t.Fatal(err)
		}
	}
	b.mustTurn(t, done, store.Progress{Done: true})
	for _, op := range []*operation.Operation{forgotten, begun, asked, done} {
		b.unpolledSince(t, op)
	}
	if err := b.store.Polled(t.Context(), asked.ID, time.Minute); err != nil {
		t.Fatal(err)
	}
	ended, err := b.store.TimeOutUnpolled(t.Context(), plenty)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sorted(forgotten.ID, begun.ID), sorted(idsOf(ended)...)); diff != "" {
		t.Errorf("timed out (-want +got):\n%s", diff)
	}
	now := b.mustRead(t, begun.ID)
	if now.State != operation.TimedOut || now.Failure == nil || now.Failure.Code != "TimedOut" || now.FinishedAt.IsZero() {
		t.Errorf("it ended as %+v", now)
	}
	if done := b.mustRead(t, done.ID); done.State != operation.Succeeded {
		t.Errorf("a finished one became %s", done.State)
	}
	if again, err := b.store.TimeOutUnpolled(t.Context(), plenty); err != nil || len(again) != 0 {
		t.Errorf("a second look timed out %v, %v", again, err)
	}
}

// TestTimeOutPassesByWhatIsHeld: an operation whose row somebody changes is left for later, and a step in its middle does not hold it.
func TestTimeOutPassesByWhatIsHeld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	held, free := b.search(t, time.Minute), b.search(t, time.Minute)
	b.unpolledSince(t, held)
	b.unpolledSince(t, free)
	tx, err := b.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE xforce.tasks SET phase = 'x' WHERE task_id = $1`, held.ID); err != nil {
		t.Fatal(err)
	}
	bounded, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	ended, err := b.store.TimeOutUnpolled(bounded, plenty)
	if err != nil || !slices.Equal(idsOf(ended), []uuid.UUID{free.ID}) {
		t.Errorf("timed out %v, %v; want %v", ended, err, free.ID)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ended, err := b.store.TimeOutUnpolled(t.Context(), 1); err != nil || !slices.Equal(idsOf(ended), []uuid.UUID{held.ID}) {
		t.Errorf("then %v, %v; want %v", ended, err, held.ID)
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	over, kept, pruned, running := b.start(t, 1, 3, 3), b.start(t, 1, 1, 1), b.start(t, 1, 1, 1), b.start(t, 1, 1, 1)
	for _, op := range []*operation.Operation{over, kept, pruned} {
		if _, err := b.store.RunStep(t.Context(), of(op, 0), all(operation.Created)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.store.Prune(t.Context(), pruned.ID); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `UPDATE xforce.tasks SET finished_at = clock_timestamp() - retention - interval '1 s' WHERE finished_at IS NOT NULL AND task_id <> $1`, kept.ID)
	b.exec(t, `UPDATE xforce.tasks SET retention = '0' WHERE task_id = $1`, running.ID)
	before := b.mustRead(t, over.ID)
	expired, err := b.store.Expire(t.Context(), plenty)
	if err != nil || !slices.Equal(expired, []uuid.UUID{over.ID}) {
		t.Fatalf("expired %v, %v; want %v", expired, err, over.ID)
	}
	now := b.mustRead(t, over.ID)
	if !now.Expired || now.State != operation.Succeeded || now.Counts != before.Counts || now.ExpiresAt.Before(before.ExpiresAt) {
		t.Errorf("it left %+v", now)
	}
	for _, op := range []*operation.Operation{kept, running} {
		if b.mustRead(t, op.ID).Expired {
			t.Errorf("operation %d expired, too", op.Number)
		}
	}
}

func TestBury(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, young, hanging, alive := b.cancelled(t), b.cancelled(t), b.cancelled(t), b.cancelled(t)
	for _, op := range []*operation.Operation{old, young, hanging} {
		if _, err := b.store.Prune(t.Context(), op.ID); err != nil {
			t.Fatal(err)
		}
	}
	b.reclaimAll(t, old)
	b.reclaimAll(t, young)
	b.exec(t, `UPDATE xforce.tasks SET expires_at = clock_timestamp() - interval '2 h' WHERE task_id <> $1`, young.ID)
	buried, err := b.store.DeleteExpired(t.Context(), time.Hour, plenty)
	if err != nil || buried != 1 {
		t.Errorf("buried %d, %v", buried, err)
	}
	if n := b.count(t, `SELECT count(*) FROM xforce.tasks WHERE task_id = ANY ($1)`, []uuid.UUID{young.ID, hanging.ID, alive.ID}); n != 3 {
		t.Errorf("%d of 3 others are left", n)
	}
	if n := b.count(t, `SELECT count(*) FROM xforce.tasks WHERE task_id = $1`, old.ID); n != 0 {
		t.Error("the old tombstone is left")
	}
}

func sorted(ids ...uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return ids
}
