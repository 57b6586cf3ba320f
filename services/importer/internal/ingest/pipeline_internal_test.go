package ingest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// toolsRef is the collection of the imports.
var toolsRef = store.CollectionRef{Tenant: access.DefaultTenant, Name: "tools"}

// fixture is an Ingest with an accepted import of one record per chunk.
type fixture struct {
	*Ingest
	sql *pgx.Conn
	op  *operation.Operation
}

func newFixture(t *testing.T, chunks int) fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	db := storetest.Open(t, url, store.Options{})
	collections := collectiontest.Shipped(t)
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
	f := fixture{sql: storetest.Connect(t, url)}
	if f.op, err = upload.Seal(t.Context(), packer.Cut()); err != nil {
		t.Fatal(err)
	}
	f.Ingest = New(db, collections, record.DefaultLimits(), metrics.NewRecords(), 0)
	return f
}

// process begins an attempt and processes the chunk, as a worker does.
func (f fixture) process(ctx context.Context, t *testing.T, seq int) error {
	t.Helper()
	c := job.Chunk{OperationID: f.op.ID, Seq: seq}
	if _, err := f.store.BeginAttempt(t.Context(), c, operation.Import); err != nil && !errors.Is(err, store.ErrLocked) && !errors.Is(err, store.ErrNothingDue) {
		t.Fatal(err)
	}
	_, err := f.Process(ctx, c, store.Attempt{Collection: toolsRef})
	return err
}

// TestProcessKeepsPipeline checks that only a failure of the step itself removes the pipeline. To
// create it again, a worker has to read the catalog while all its other steps wait.
func TestProcessKeepsPipeline(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3)
	before, key, err := f.pipelines.get(t.Context(), store.Attempt{Collection: toolsRef}, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := func(name string, err, wantErr error) {
		t.Helper()
		if !errors.Is(err, wantErr) {
			t.Errorf("Process() of %s error = %v, want %v", name, err, wantErr)
		}
		if f.pipelines.cached[key] != before {
			t.Errorf("Process() of %s removed the pipeline, want it kept", name)
		}
	}
	want("a chunk", f.process(t.Context(), t, 0), nil)
	want("a finished chunk", f.process(t.Context(), t, 0), store.ErrNothingDue)
	tx, err := f.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM xforce.task_chunks WHERE task_id = $1 AND seq = 1 FOR UPDATE`, f.op.ID); err != nil {
		t.Fatal(err)
	}
	want("a locked chunk", f.process(t.Context(), t, 1), store.ErrLocked)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	want("a worker that stops", f.process(cancelled, t, 1), context.Canceled)

	if _, err := f.sql.Exec(t.Context(), `ALTER TABLE xforce.tools DROP COLUMN category`); err != nil {
		t.Fatal(err)
	}
	if err := f.process(t.Context(), t, 2); err == nil {
		t.Error("Process() with a changed table error = nil, want an error")
	}
	if f.pipelines.cached[key] != nil {
		t.Error("Process() with a changed table kept the pipeline, want it removed")
	}
}
