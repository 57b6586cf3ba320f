package ingest_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/ingest"
	"github.com/longshore-io/longshore/services/importer/internal/record"
)

const pairs = `{"x-longshore":{"table":"pairs","key":["k"]},"type":"object","required":["k"],
  "properties":{"k":{"type":"string"},"v":{"type":"integer"}}}`

// bench is an importer's work without its process: a collection, its table, an operation's way into
// the queue.
type bench struct {
	db    *store.Store
	sql   *pgx.Conn
	redis queuetest.Redis
	work  *worker.Worker
}

const createPairs = `CREATE TABLE pairs (k TEXT PRIMARY KEY, v INT CHECK (v < 100), import_number BIGINT, import_row INT)`

func catalog(t *testing.T) *collection.Catalog {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pairs.json"), []byte(pairs), 0o600); err != nil {
		t.Fatal(err)
	}
	collections, err := collection.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return collections
}

func setup(t *testing.T) bench {
	t.Helper()
	url := storetest.NewDatabase(t)
	b := bench{sql: storetest.Connect(t, url), redis: queuetest.New(t)}
	b.exec(t, createPairs)
	var err error
	if b.db, err = store.Open(t.Context(), url, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.db.Close)
	chunks, err := ingest.New(t.Context(), b.db, catalog(t), record.DefaultLimits(), metrics.NewRecords())
	if err != nil {
		t.Fatal(err)
	}
	b.work = worker.New(job.Import, worker.Deps{Store: b.db, Redis: b.redis.Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: 2}, chunks.Process)
	return b
}

func (b bench) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := b.sql.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// accept seals an import of the records, two in each chunk.
func (b bench) accept(t *testing.T, records ...string) *operation.Operation {
	t.Helper()
	upload, err := b.db.NewUpload(store.Draft{
		Reference: operation.NewReference(), Kind: operation.Import, Collection: "pairs", Lanes: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	packer := chunk.NewPacker(2, 1<<20)
	for i, r := range records {
		if full := packer.Add([]byte(r)); full && i < len(records)-1 {
			if err := upload.Stage(t.Context(), packer.Cut()); err != nil {
				t.Fatal(err)
			}
		}
	}
	op, err := upload.Seal(t.Context(), packer.Cut())
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func (b bench) read(t *testing.T, op *operation.Operation) *operation.Operation {
	t.Helper()
	now, err := b.db.Operation(t.Context(), op.ID)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func (b bench) mustChunk(t *testing.T, op *operation.Operation, seq int) {
	t.Helper()
	if err := b.work.ProcessChunk(t.Context(), job.Chunk{OperationID: op.ID, Seq: seq}); err != nil {
		t.Fatal(err)
	}
}

// mustPark expects the work on the chunk to end its operation, and the entry to be put aside.
func (b bench) mustPark(t *testing.T, c job.Chunk) {
	t.Helper()
	err := b.work.ProcessChunk(t.Context(), c)
	if _, parked := errors.AsType[*queue.ArchiveError](err); !parked {
		t.Errorf("it is not put aside: %v", err)
	}
}

func TestEveryKindOfRejectionIsExplained(t *testing.T) {
	t.Parallel()
	b := setup(t)
	records := []string{
		`{"k":"a","v":1}`, `{"k":"b","v":"two"}`, // schema
		`{"k":"c","w":1,"v":"x"}`, `{"k":"d","v":99999999999}`, // strictness, column
		`{"k":"e","v":100}`, `{"k":"f"}`, // Postgres
	}
	op := b.accept(t, records...)
	for seq := range op.Chunks {
		b.mustChunk(t, op, seq)
	}
	end := b.read(t, op)
	want := operation.Counts{Total: 6, Created: 2, Failed: 4}
	if end.State != operation.Succeeded || end.Counts != want {
		t.Fatalf("at the end: %+v", end)
	}
	var got []string
	err := b.db.Rejections(t.Context(), op.ID, 0, func(r operation.Rejection) error {
		if string(r.Received) != records[r.Row-1] {
			t.Errorf("row %d is kept as %s", r.Row, r.Received)
		}
		for _, reason := range r.Reasons {
			got = append(got, fmt.Sprintf("%d %s %s", r.Row, reason.Pointer, reason.Code))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	told := []string{"2 /v type", "3 /w unknown-member", "3 /v type", "4 /v value-out-of-range", "5  check-violation"}
	if diff := cmp.Diff(told, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestACommittedChunkRingsForTheNextOfItsLane(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.accept(t, `{"k":"1"}`, `{"k":"2"}`, `{"k":"3"}`, `{"k":"4"}`, `{"k":"5"}`, `{"k":"6"}`)
	b.mustChunk(t, op, 0)
	b.mustChunk(t, op, 1) // chunk 3 does not exist
	b.mustChunk(t, op, 0) // a second delivery rings for nothing
	queued, err := queue.NewInspector(b.redis.Queue).Queued(t.Context(), job.QueueImports)
	if err != nil || len(queued) != 1 || !queued[job.Chunk{OperationID: op.ID, Seq: 2}] {
		t.Errorf("queued: %v, %v", queued, err)
	}
}

func TestAChunkThatCannotBeProcessedFailsItsImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.accept(t, `{"k":"1"}`)
	b.exec(t, `DROP TABLE pairs`)
	c := job.Chunk{OperationID: op.ID}
	if err := b.work.ProcessChunk(t.Context(), c); err == nil {
		t.Error("the first attempt asks for no other")
	}
	b.mustPark(t, c)
	end := b.read(t, op)
	if end.State != operation.Failed || end.Failure == nil || end.Failure.Code != "ChunkAbandoned" || end.Counts.Unprocessed() != 1 {
		t.Errorf("at the end: %+v", end)
	}
}

func TestAChunkThatKillsItsWorkersIsGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	op := b.accept(t, `{"k":"1"}`)
	c := job.Chunk{OperationID: op.ID}
	for range 2 { // what two workers leave that die in their step
		if _, err := b.db.BeginAttempt(t.Context(), c, operation.Import); err != nil {
			t.Fatal(err)
		}
	}
	b.mustPark(t, c)
	if end := b.read(t, op); end.State != operation.Failed || end.Counts.Processed() != 0 {
		t.Errorf("at the end: %+v", end)
	}
}

func TestAChangedTableIsDescribedAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(t, `INSERT INTO pairs (k) VALUES ('1')`) // so that the upsert, which knows the table's type, is taken
	b.mustChunk(t, b.accept(t, `{"k":"1"}`), 0)
	b.exec(t, `ALTER TABLE pairs ADD COLUMN note TEXT`)
	op := b.accept(t, `{"k":"1","v":7}`)
	c := job.Chunk{OperationID: op.ID}
	if err := b.work.ProcessChunk(t.Context(), c); err != nil {
		b.mustChunk(t, op, 0) // the attempt that meets the change fails, the next one knows it
	}
	if end := b.read(t, op); end.State != operation.Succeeded || end.Counts.Updated != 1 {
		t.Errorf("at the end: %+v", end)
	}
}

func TestACollectionThatDoesNotFitIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	_, err = ingest.New(t.Context(), db, catalog(t), record.DefaultLimits(), metrics.NewRecords())
	if err == nil || !strings.Contains(err.Error(), `"pairs"`) {
		t.Errorf("a collection without a table: %v", err)
	}
}
