package ingest_test

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/importer/internal/ingest"
)

const pairsFile = `{"x-longshore":{"table":"pairs","key":["k"]},"type":"object","required":["k"],
  "properties":{"k":{"type":"string"},"v":{"type":"integer"}}}`

// fixture is an import worker with the collection pairs and its table.
type fixture struct {
	db     *store.Store
	sql    *pgx.Conn
	redis  queuetest.Redis
	worker *worker.Worker
}

const createPairs = `CREATE TABLE pairs (k TEXT PRIMARY KEY, v INT CHECK (v < 100), import_number BIGINT, import_row INT)`

func newFixture(t *testing.T) fixture {
	t.Helper()
	return newFixtureWith(t, "")
}

// newFixtureWith is newFixture with SQL that runs before the worker starts.
func newFixtureWith(t *testing.T, rows string) fixture {
	t.Helper()
	return newFixtureOf(t, createPairs+";"+rows, map[string]string{"pairs": pairsFile}, store.Options{}, 2)
}

// newFixtureOf returns a worker with collections, by their names, and their tables. It gives a chunk up after maxAttempts.
// Without a role in the options it is a superuser.
func newFixtureOf(tb testing.TB, tables string, collections map[string]string, options store.Options, maxAttempts int) fixture {
	tb.Helper()
	url := storetest.NewDatabase(tb)
	f := fixture{sql: storetest.Connect(tb, url), redis: queuetest.New(tb)}
	storetest.Exec(tb, f.sql, tables)
	if options.Role != "" {
		url = storetest.As(tb, url, options.Role)
	}
	f.db = storetest.Open(tb, url, options)
	chunks := ingest.New(f.db, collectiontest.New(tb, collections), record.DefaultLimits(), metrics.NewRecords(), parentWait)
	deps := worker.Deps{Store: f.db, Redis: f.redis.Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: maxAttempts}
	f.worker = worker.New(job.Import, deps, chunks.Process).WithGroups(chunks.ProcessGroup)
	return f
}

func (f fixture) exec(t *testing.T, statement string) {
	t.Helper()
	storetest.Exec(t, f.sql, statement)
}

// accept seals an import of the records, two in each chunk.
func (f fixture) accept(t *testing.T, records ...string) *operation.Operation {
	t.Helper()
	return accept(t, f.db, store.Draft{Collection: "pairs", Lanes: 2}, 2, slices.Values(records))
}

// accept seals an import of the records, perChunk in each chunk.
func accept(tb testing.TB, db *store.Store, draft store.Draft, perChunk int, records iter.Seq[string]) *operation.Operation {
	tb.Helper()
	draft.Reference, draft.Kind = operation.NewReference(), operation.Import
	upload, err := db.NewUpload(draft)
	if err != nil {
		tb.Fatal(err)
	}
	packer, full := chunk.NewPacker(perChunk, 64<<20), false
	for r := range records {
		if full {
			if err := upload.Stage(tb.Context(), packer.Cut()); err != nil {
				tb.Fatal(err)
			}
		}
		full = packer.Add([]byte(r))
	}
	op, err := upload.Seal(tb.Context(), packer.Cut())
	if err != nil {
		tb.Fatal(err)
	}
	return op
}

func (f fixture) read(t *testing.T, op *operation.Operation) *operation.Operation {
	t.Helper()
	return storetest.Refresh(t, f.db, op)
}

func (f fixture) mustProcess(t *testing.T, op *operation.Operation, seq int) {
	t.Helper()
	if err := f.worker.ProcessChunk(t.Context(), job.Chunk{OperationID: op.ID, Seq: seq}); err != nil {
		t.Fatal(err)
	}
}

// mustArchive expects that processing the chunk fails its operation and archives the entry.
func (f fixture) mustArchive(t *testing.T, c job.Chunk) {
	t.Helper()
	err := f.worker.ProcessChunk(t.Context(), c)
	if _, archived := errors.AsType[*queue.ArchiveError](err); !archived {
		t.Errorf("ProcessChunk() error = %v, want ArchiveError", err)
	}
}

func TestProcessExplainsRejections(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	records := []string{
		`{"k":"a","v":1}`, `{"k":"b","v":"two"}`, // schema
		`{"k":"c","w":1,"v":"x"}`, `{"k":"d","v":99999999999}`, // strictness, column
		`{"k":"e","v":100}`, `{"k":"f"}`, // Postgres
		`{"k":1,"v":99999999999}`, // schema and column
	}
	op := f.accept(t, records...)
	for seq := range op.Chunks {
		f.mustProcess(t, op, seq)
	}
	end := f.read(t, op)
	want := operation.Counts{Total: 7, Created: 2, Failed: 5}
	if end.State != operation.Succeeded || end.Counts != want {
		t.Fatalf("operation = %+v, want Succeeded with %+v", end, want)
	}
	var got []string
	err := f.db.Rejections(t.Context(), op.ID, 0, func(r operation.Rejection) error {
		if string(r.Received) != records[r.Row-1] {
			t.Errorf("received of row %d = %s, want %s", r.Row, r.Received, records[r.Row-1])
		}
		for _, reason := range r.Reasons {
			got = append(got, fmt.Sprintf("%d %s %s", r.Row, reason.Pointer, reason.Code))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	reasons := []string{"2 /v type", "3 /w unknown-member", "3 /v type", "4 /v value-out-of-range", "5 /v check-violation", "7 /k type", "7 /v value-out-of-range"}
	if diff := cmp.Diff(reasons, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestProcessDispatchesNextChunkOfLane(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, `{"k":"1"}`, `{"k":"2"}`, `{"k":"3"}`, `{"k":"4"}`, `{"k":"5"}`, `{"k":"6"}`)
	f.mustProcess(t, op, 0)
	f.mustProcess(t, op, 1) // chunk 3 does not exist
	f.mustProcess(t, op, 0) // a second delivery dispatches nothing
	queued, err := queue.NewInspector(f.redis.Queue).Queued(t.Context(), job.QueueImports)
	if err != nil {
		t.Fatal(err)
	}
	if next := (job.Chunk{OperationID: op.ID, Seq: 2}); len(queued) != 1 || !queued[next] {
		t.Errorf("queued = %v, want only %v", queued, next)
	}
}

func TestProcessFailureFailsImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, `{"k":"1"}`)
	f.exec(t, `DROP TABLE pairs`)
	c := job.Chunk{OperationID: op.ID}
	if err := f.worker.ProcessChunk(t.Context(), c); err == nil {
		t.Error("ProcessChunk() of the first attempt error = nil, want an error")
	}
	f.mustArchive(t, c)
	end := f.read(t, op)
	if end.State != operation.Failed || end.Failure == nil || end.Failure.Code != "ChunkAbandoned" || end.Counts.Unprocessed() != 1 {
		t.Errorf("operation = %+v, want Failed with ChunkAbandoned and 1 unprocessed", end)
	}
}

func TestProcessChunkThatKillsWorkersFailsImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, `{"k":"1"}`)
	c := job.Chunk{OperationID: op.ID}
	for range 2 { // two workers have died in their step
		if _, err := f.db.BeginAttempt(t.Context(), c, operation.Import); err != nil {
			t.Fatal(err)
		}
	}
	f.mustArchive(t, c)
	if end := f.read(t, op); end.State != operation.Failed || end.Counts.Processed() != 0 {
		t.Errorf("operation = %+v, want Failed with nothing processed", end)
	}
}

func TestProcessDescribesChangedTable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.exec(t, `INSERT INTO pairs (k) VALUES ('1')`) // the upsert depends on the table's type
	f.mustProcess(t, f.accept(t, `{"k":"1"}`), 0)
	f.exec(t, `ALTER TABLE pairs ADD COLUMN note TEXT`)
	op := f.accept(t, `{"k":"1","v":7}`)
	c := job.Chunk{OperationID: op.ID}
	if err := f.worker.ProcessChunk(t.Context(), c); err != nil {
		f.mustProcess(t, op, 0) // the first attempt after the change may fail
	}
	if end := f.read(t, op); end.State != operation.Succeeded || end.Counts.Updated != 1 {
		t.Errorf("operation = %+v, want Succeeded with 1 updated", end)
	}
}

// TestProcessRefusesForeignNumbers imports into a table with rows of another installation. They must
// not supersede the records silently, whether they are noticed when the table is described or by the
// step, and a step that meets rows of later imports of its own installation must succeed.
func TestProcessRefusesForeignNumbers(t *testing.T) {
	t.Parallel()
	const move = `INSERT INTO pairs VALUES ('1', 1, 90210, 1)`
	tests := map[string]struct {
		before, after string
		foreign       bool
	}{
		"described": {before: move, foreign: true},
		"met":       {after: move, foreign: true},
		"own":       {after: `INSERT INTO pairs SELECT '1', 1, nextval('xforce.task_numbers'), 1`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixtureWith(t, tt.before)
			op := f.accept(t, `{"k":"1","v":7}`)
			f.exec(t, tt.after)
			if !tt.foreign {
				f.mustProcess(t, op, 0)
				if end := f.read(t, op); end.State != operation.Succeeded || end.Counts.Superseded != 1 {
					t.Errorf("operation = %+v, want Succeeded with 1 superseded", end)
				}
				return
			}
			f.mustArchive(t, job.Chunk{OperationID: op.ID})
			end := f.read(t, op)
			const remedy = `UPDATE "public"."pairs" SET import_number = NULL WHERE import_number > `
			if end.Failure == nil || end.Failure.Code != "ForeignImportNumbers" || !strings.Contains(end.Failure.Message, remedy) {
				t.Fatalf("failure = %+v, want ForeignImportNumbers with %q", end.Failure, remedy)
			}
			_, correction, _ := strings.Cut(strings.TrimSuffix(end.Failure.Message, ". Then send the import again."), "run: ")
			f.exec(t, correction)
			op = f.accept(t, `{"k":"1","v":8}`)
			f.mustProcess(t, op, 0)
			if end := f.read(t, op); end.State != operation.Succeeded || end.Counts.Updated != 1 {
				t.Errorf("operation after the correction = %+v, want Succeeded with 1 updated", end)
			}
		})
	}
}

// TestProcessNoticesWiderColumns: an import after an ALTER TABLE is written to the table as it is now, whether a record
// is one that the table as it was would reject, or one that must be encoded in another way.
func TestProcessNoticesWiderColumns(t *testing.T) {
	t.Parallel()
	for name, records := range map[string][]string{
		"too large before": {`{"k":"b","v":3000000000}`, `{"k":"c","v":2}`},
		"of another type":  {`{"k":"b","v":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.mustProcess(t, f.accept(t, `{"k":"a","v":1}`), 0)
			f.exec(t, `ALTER TABLE pairs DROP CONSTRAINT pairs_v_check, ALTER v TYPE BIGINT`)
			op := f.accept(t, records...)
			f.mustProcess(t, op, 0)
			if got := f.read(t, op).Counts; got.Created != len(records) {
				t.Errorf("counts = %+v, want %d created", got, len(records))
			}
		})
	}
}
