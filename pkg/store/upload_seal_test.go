package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// sealTogether seals uploads while another one waits for a lock, so that they share a transaction.
func (f fixture) sealTogether(t *testing.T, uploads []*store.Upload) (ops []*operation.Operation, errs []error) {
	t.Helper()
	tx, err := f.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `LOCK TABLE xforce.tasks`); err != nil {
		t.Fatal(err)
	}
	ops, errs = make([]*operation.Operation, len(uploads)), make([]error, len(uploads))
	var sealing sync.WaitGroup
	for i, u := range uploads {
		sealing.Go(func() { ops[i], errs[i] = u.Seal(t.Context(), chunks(2, 2)[0]) })
		if i == 0 {
			f.await(t, `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'xforce.tasks'::regclass)`)
		}
		for f.store.WaitingSeals("default") < i {
			select {
			case <-time.After(time.Millisecond):
			case <-t.Context().Done():
				t.Fatal("the uploads do not wait")
			}
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealing.Wait()
	return ops, errs
}

// TestSealTogether seals uploads that come while another one is being sealed in one transaction.
func TestSealTogether(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ops, errs := f.sealTogether(t, []*store.Upload{f.upload(t, 1), f.upload(t, 1), f.upload(t, 1)})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i, op := range ops {
		if op.State != operation.Waiting || op.Counts.Total != 2 || op.Chunks != 1 || op.Revision != 1 {
			t.Errorf("operation %d = %+v, want it to wait with 2 records in 1 chunk and revision 1", i, op)
		}
	}
	if got := f.count(t, `SELECT count(DISTINCT xmin::text) FROM xforce.tasks`); got != 2 {
		t.Errorf("%d transactions sealed the uploads, want 2: one for the first, one for the others", got)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.task_chunks WHERE state = 'pending' AND row_count = 2`); got != 3 {
		t.Errorf("%d chunks are staged, want 3", got)
	}
}

// TestSealTogetherRefused seals an upload that Postgres refuses together with others: it fails alone.
func TestSealTogetherRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	reference := operation.NewReference()
	withReference := func() *store.Upload {
		return must(f.store.NewUpload(store.Draft{ID: uuid.New(), Reference: reference, Kind: operation.Import, Collection: "tools", Lanes: 1}))
	}
	ops, errs := f.sealTogether(t, []*store.Upload{withReference(), f.upload(t, 1), withReference(), f.upload(t, 1)})
	for i, refused := range []bool{false, false, true, false} {
		if (errs[i] != nil) != refused || (ops[i] == nil) != refused {
			t.Errorf("Seal() of upload %d = %v, %v, want an error: %t", i, ops[i], errs[i], refused)
		}
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks`); got != 3 {
		t.Errorf("%d operations are accepted, want 3", got)
	}
}
