package store_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// TestADownloadThatLosesItsOperationTellsSo: what is pruned in the middle of a download must not look as if it had come to its end.
func TestADownloadThatLosesItsOperationTellsSo(t *testing.T) {
	t.Parallel()
	for _, outcome := range []operation.Outcome{operation.Updated, operation.Rejected} {
		f := newFixture(t)
		op := f.start(t, 1, 400, 100)
		for seq := range 4 {
			f.mustStep(t, of(op, seq), outcome)
		}
		seen := 0
		see := func() error {
			seen++
			if seen > 1 {
				return nil
			}
			must(f.store.Prune(t.Context(), op.ID))
			for must(f.store.Purge(t.Context(), op.ID)) > 0 {
				continue
			}
			return nil
		}
		var err error
		if outcome == operation.Rejected {
			err = f.store.Rejections(t.Context(), op.ID, 0, func(operation.Rejection) error { return see() })
		} else {
			err = f.store.Records(t.Context(), op.ID, outcome, func(int, []byte) error { return see() })
		}
		if !fault.Is(err, fault.Gone) || seen == 0 || seen == 400 {
			t.Errorf("%s: after %d records: %v", outcome, seen, err)
		}
	}
}

// TestWhatIsOverIsGoneBeforeTheJanitorComes: the promised time counts, not the janitor's.
func TestWhatIsOverIsGoneBeforeTheJanitorComes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, 0)
	must(f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind))
	f.mustTurn(t, op, store.Progress{Done: true})
	f.exec(t, `UPDATE xforce.tasks SET finished_at = finished_at - retention`)
	late := f.mustRead(t, op.ID)
	if !late.Expired || len(f.list(t, store.Filter{Limit: plenty})) != 0 {
		t.Errorf("its end was %s, expired %v, listed %v", late.ExpiresAt, late.Expired, f.list(t, store.Filter{Limit: plenty}))
	}
	must(f.store.Expire(t.Context(), plenty))
	if now := f.mustRead(t, op.ID); !now.ExpiresAt.Equal(late.ExpiresAt) || now.ExpiresAt.After(time.Now()) {
		t.Errorf("the janitor moved the end from %s to %s", late.ExpiresAt, now.ExpiresAt)
	}
}

// TestOnlyImportsHaveReferences: a search into the same collection is none.
func TestOnlyImportsHaveReferences(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, 0)
	if _, err := f.store.OperationByReference(t.Context(), "tools", op.Reference); !fault.Is(err, fault.NotFound) {
		t.Errorf("a search is found as an import: %v", err)
	}
}

// TestListsLeaveOutLargeRequests: a list of a thousand operations must not bring a thousand filters of 256 KiB.
func TestListsLeaveOutLargeRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	small := f.search(t, 0)
	f.search(t, 0)
	f.exec(t, `UPDATE xforce.tasks SET request = jsonb_build_object('q', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 2000) i)) WHERE task_id <> $1`, small.ID)
	listed, err := f.store.List(t.Context(), store.Filter{Limit: plenty, Below: 1 << 40})
	if err != nil || len(listed) != 2 {
		t.Fatalf("%d, %v", len(listed), err)
	}
	if listed[0].Request != nil || string(listed[1].Request) != `{"q": "x"}` {
		t.Errorf("the large request has %d bytes, the small one is %s", len(listed[0].Request), listed[1].Request)
	}
}
