package search_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/searcher/internal/search"
)

const (
	pairs = `{"x-longshore":{"table":"pairs","key":["k"]},"type":"object","required":["k"],
  "properties":{"k":{"type":"string"},"v":{"type":"integer"},"day":{"type":"string"}}}`
	createPairs = `
CREATE TABLE pairs (k TEXT COLLATE "C" PRIMARY KEY, v INT, day DATE, import_number BIGINT, import_row INT);
INSERT INTO pairs SELECT lpad(n::text, 6, '0'), (n * 7919) % 100003, '2026-01-01' FROM generate_series(1, 20000) n; ANALYZE pairs`

	// unlimited is a limit of bytes that no search here reaches.
	unlimited = 1 << 30
)

// fixture is a searcher without its process, and a collection of 20,000 pairs.
type fixture struct {
	db     *store.Store
	sql    *pgx.Conn
	redis  queuetest.Redis
	worker *worker.Worker
}

func newFixture(t *testing.T, maxBytes int, options store.Options) fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	f := fixture{sql: storetest.Connect(t, url), redis: queuetest.New(t)}
	f.exec(t, createPairs)
	collections := collectiontest.New(t, map[string]string{"pairs": pairs})
	f.db = storetest.Open(t, url, options)
	f.worker = worker.New(job.Search, worker.Deps{Store: f.db, Redis: f.redis.Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: 3},
		search.New(f.db, collections, maxBytes).Process)
	return f
}

func (f fixture) exec(t *testing.T, statement string) {
	t.Helper()
	storetest.Exec(t, f.sql, statement)
}

func (f fixture) number(t *testing.T, query string, args ...any) int {
	t.Helper()
	return storetest.Number(t, f.sql, query, args...)
}

// await polls Postgres until the query returns true.
func (f fixture) await(t *testing.T, query string) {
	t.Helper()
	storetest.Await(t, f.sql, query)
}

// accept creates a search.
func (f fixture) accept(t *testing.T, collectionName, request string) *operation.Operation {
	t.Helper()
	return storetest.Accept(t, f.db, operation.Search, collectionName, request)
}

// refresh reads the operation again.
func (f fixture) refresh(t *testing.T, op *operation.Operation) *operation.Operation {
	t.Helper()
	return storetest.Refresh(t, f.db, op)
}

// step runs one step of a search.
func (f fixture) step(t *testing.T, op *operation.Operation) error {
	t.Helper()
	return f.worker.ProcessChunk(t.Context(), job.Chunk{OperationID: op.ID})
}

func (f fixture) mustStep(t *testing.T, op *operation.Operation) {
	t.Helper()
	if err := f.step(t, op); err != nil {
		t.Fatal(err)
	}
}

// run runs steps until the search is finished. It checks that progress never decreases and that the
// next step is queued.
func (f fixture) run(t *testing.T, op *operation.Operation) (end *operation.Operation, steps int) {
	t.Helper()
	progress := 0
	for range 1000 {
		f.mustStep(t, op)
		steps++
		now := f.refresh(t, op)
		if now.Progress < progress || now.State.Live() && now.Progress > 99 {
			t.Fatalf("progress after step %d = %d, before %d", steps, now.Progress, progress)
		}
		if progress = now.Progress; now.State.Terminal() {
			return now, steps
		}
		queued, err := queue.NewInspector(f.redis.Queue).Queued(t.Context(), job.QueueSearches)
		if err != nil || !queued[job.Chunk{OperationID: op.ID}] {
			t.Fatalf("Queued() after step %d = %v, %v, want the next step", steps, queued, err)
		}
	}
	t.Fatal("the search does not end")
	return nil, 0
}

// found returns the records that a search has written, and checks that their blocks are
// consecutive.
func (f fixture) found(t *testing.T, op *operation.Operation) []string {
	t.Helper()
	blocks, err := f.db.Outputs(t.Context(), op.ID, store.RowsStage, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var records []string
	var offset int64
	for i, block := range blocks {
		lines := strings.Split(strings.TrimSuffix(string(block.Bytes), "\n"), "\n")
		if block.Seq != i || block.Offset != offset || block.Rows != len(lines) {
			t.Errorf("block %d: seq %d, offset %d, rows %d, want offset %d, rows %d", i, block.Seq, block.Offset, block.Rows, offset, len(lines))
		}
		offset += int64(len(block.Bytes))
		records = append(records, lines...)
	}
	return records
}

// expected returns the records that Postgres itself finds; rest is what follows FROM pairs.
func (f fixture) expected(t *testing.T, rest string) []string {
	t.Helper()
	rows, err := f.sql.Query(t.Context(), `SELECT '{"k":' || to_json(k) || ',"v":' || v || ',"day":"' || day || '"}' FROM pairs `+rest)
	if err != nil {
		t.Fatal(err)
	}
	records, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return records
}
