package duty

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
)

// holdSearches accepts searches of one owner and holds all of them.
func (f fixture) holdSearches(t *testing.T, n int) {
	t.Helper()
	for range n {
		_, err := f.db.Accept(t.Context(), store.Draft{
			Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, Owner: "many",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	f.exec(t, `INSERT INTO xforce.held_chunks (owner, kind, task_id, seq) SELECT owner, 'search:step', task_id, 0 FROM xforce.tasks`)
}

// TestFillShares holds five searches of an owner, of which nothing is queued: the duty queues as many as
// the owner may have, and no more while these are due.
func TestFillShares(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), queuetest.New(t)
	f.holdSearches(t, 5)
	d := FillShares(f.db, r.Queue, f.log, time.Second, config.Shares{ImportShare: 1, StepShare: 2})
	expect := func(when string, want int64) {
		t.Helper()
		if err := d.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.Client.LLen(t.Context(), "asynq:{searches}:pending").Val(); got != want {
			t.Errorf("%s: %d searches are queued, want %d", when, got, want)
		}
	}
	expect("first pass", 2)
	expect("second pass", 2)
	d = FillShares(f.db, r.Queue, f.log, time.Second, config.Shares{ImportShare: 1, StepShare: 1})
	expect("with a lower limit", 2)
	d = FillShares(f.db, r.Queue, f.log, time.Second, config.Shares{ImportShare: 1, StepShare: 2})
	f.exec(t, `UPDATE xforce.tasks SET status = 'cancelled', finished_at = now() WHERE task_id NOT IN (SELECT task_id FROM xforce.held_chunks)`)
	expect("after the two were cancelled", 4)
	f.exec(t, `UPDATE xforce.tasks SET status = 'cancelled', finished_at = now() WHERE finished_at IS NULL`)
	expect("after all were cancelled", 4)
	if got := f.count(t, `SELECT count(*) FROM xforce.held_chunks`); got != 0 {
		t.Errorf("%d chunks of cancelled searches are held, want none", got)
	}
}

// TestFillSharesWithoutLimit: when an operator switches the shares off, everything held is queued.
func TestFillSharesWithoutLimit(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), queuetest.New(t)
	const searches = 3
	f.holdSearches(t, searches)
	if err := FillShares(f.db, r.Queue, f.log, time.Second, config.Shares{}).Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.Client.LLen(t.Context(), "asynq:{searches}:pending").Val(); got != searches {
		t.Errorf("%d searches are queued, want %d", got, searches)
	}
}
