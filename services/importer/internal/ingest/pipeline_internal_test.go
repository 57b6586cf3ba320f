package ingest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/importer/internal/record"
)

// trial is an importer's work on chunks of one record each, seen from inside.
type trial struct {
	*Ingest
	sql *pgx.Conn
	op  *operation.Operation
}

func setupTrial(t *testing.T, chunks int) trial {
	t.Helper()
	url := storetest.NewDatabase(t)
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	collections, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	upload, err := db.NewUpload(store.Draft{Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: chunks})
	if err != nil {
		t.Fatal(err)
	}
	packer := chunk.NewPacker(1, 1<<20)
	for n := range chunks {
		packer.Add(fmt.Appendf(nil, `{"tool_id":"%d","tool_name":"a","category":"b"}`, n))
		if n < chunks-1 {
			if err := upload.Stage(t.Context(), packer.Cut()); err != nil {
				t.Fatal(err)
			}
		}
	}
	work := trial{sql: storetest.Connect(t, url)}
	if work.op, err = upload.Seal(t.Context(), packer.Cut()); err != nil {
		t.Fatal(err)
	}
	if work.Ingest, err = New(t.Context(), db, collections, record.DefaultLimits(), metrics.NewRecords()); err != nil {
		t.Fatal(err)
	}
	return work
}

// try tries a chunk as a worker does.
func (w trial) try(ctx context.Context, t *testing.T, seq int) error {
	t.Helper()
	c := job.Chunk{OperationID: w.op.ID, Seq: seq}
	if _, err := w.store.BeginAttempt(t.Context(), c, operation.Import); err != nil && !errors.Is(err, store.ErrLocked) && !errors.Is(err, store.ErrNothingDue) {
		t.Fatal(err)
	}
	_, err := w.Process(ctx, c, store.Attempt{Collection: "tools"})
	return err
}

// TestOnlyAFailureOfItsOwnForgetsAPlan: describing the table again costs all steps of a worker a
// look into the catalog, one after the other.
func TestOnlyAFailureOfItsOwnForgetsAPlan(t *testing.T) {
	t.Parallel()
	w := setupTrial(t, 3)
	before := w.pipelines.byName["tools"]
	kept := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", what, err, want)
		}
		if w.pipelines.byName["tools"] != before {
			t.Errorf("%s: the plan was forgotten", what)
		}
	}
	kept("a chunk", w.try(t.Context(), t, 0), nil)
	kept("a chunk that is done", w.try(t.Context(), t, 0), store.ErrNothingDue)
	held, err := w.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), `SELECT FROM xforce.task_chunks WHERE task_id = $1 AND seq = 1 FOR UPDATE`, w.op.ID); err != nil {
		t.Fatal(err)
	}
	kept("a chunk that somebody holds", w.try(t.Context(), t, 1), store.ErrLocked)
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	kept("a worker that stops", w.try(stopped, t, 1), context.Canceled)

	if _, err := w.sql.Exec(t.Context(), `ALTER TABLE xforce.tools DROP COLUMN category`); err != nil {
		t.Fatal(err)
	}
	if err := w.try(t.Context(), t, 2); err == nil || w.pipelines.byName["tools"] != nil {
		t.Errorf("a table that has changed: %v, and the plan is kept", err)
	}
}
