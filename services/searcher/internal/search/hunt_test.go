package search_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
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
)

// bench is a searcher's work without its process.
type bench struct {
	url   string
	db    *store.Store
	sql   *pgx.Conn
	redis queuetest.Redis
	work  *worker.Worker
}

func setup(t *testing.T, maxBytes int, options store.Options) bench {
	t.Helper()
	url := storetest.NewDatabase(t)
	b := bench{url: url, sql: storetest.Connect(t, url), redis: queuetest.New(t)}
	b.exec(t, createPairs)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pairs.json"), []byte(pairs), 0o600); err != nil {
		t.Fatal(err)
	}
	collections, err := collection.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if b.db, err = store.Open(t.Context(), url, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.db.Close)
	b.work = worker.New(job.Search, worker.Deps{Store: b.db, Redis: b.redis.Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: 3},
		search.New(b.db, collections, maxBytes).Process)
	return b
}

func (b bench) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := b.sql.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func (b bench) accept(t *testing.T, collectionName, request string) *operation.Operation {
	t.Helper()
	op, err := b.db.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Search, Collection: collectionName, Lanes: 1, Request: json.RawMessage(request),
	})
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

func (b bench) step(t *testing.T, op *operation.Operation) error {
	t.Helper()
	return b.work.ProcessChunk(t.Context(), job.Chunk{OperationID: op.ID})
}

// run takes steps until the search is finished, and checks that progress and results never go back.
func (b bench) run(t *testing.T, op *operation.Operation) (end *operation.Operation, steps int) {
	t.Helper()
	progress := 0
	for range 1000 {
		if err := b.step(t, op); err != nil {
			t.Fatal(err)
		}
		steps++
		now := b.read(t, op)
		if now.Progress < progress || now.State.Live() && now.Progress > 99 {
			t.Fatalf("step %d: progress %d after %d", steps, now.Progress, progress)
		}
		if progress = now.Progress; now.State.Terminal() {
			return now, steps
		}
		if queued, err := queue.NewInspector(b.redis.Queue).Queued(t.Context(), job.QueueSearches); err != nil || !queued[job.Chunk{OperationID: op.ID}] {
			t.Fatalf("the next step is not queued: %v, %v", queued, err)
		}
	}
	t.Fatal("the search does not end")
	return nil, 0
}

func (b bench) found(t *testing.T, op *operation.Operation) []string {
	t.Helper()
	pieces, err := b.db.Outputs(t.Context(), op.ID, store.RowsStage, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var records []string
	var offset int64
	for i, p := range pieces {
		lines := strings.Split(strings.TrimSuffix(string(p.Bytes), "\n"), "\n")
		if p.Seq != i || p.Offset != offset || p.Rows != len(lines) {
			t.Errorf("piece %d: seq %d at %d with %d rows", i, p.Seq, p.Offset, p.Rows)
		}
		offset += int64(len(p.Bytes))
		records = append(records, lines...)
	}
	return records
}

// wanted is what Postgres itself finds.
func (b bench) wanted(t *testing.T, rest string) []string {
	t.Helper()
	rows, err := b.sql.Query(t.Context(), `SELECT '{"k":' || to_json(k) || ',"v":' || v || ',"day":"' || day || '"}' FROM pairs `+rest)
	if err != nil {
		t.Fatal(err)
	}
	records, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return records
}

const plenty = 1 << 30

func TestASearchFindsInStepsWhatPostgresFindsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty, store.Options{})
	for _, tt := range []struct {
		request, rest string
		steps         int // at least
	}{
		{`{"filter":{"v":{"lt":1000}},"limit":100000}`, `WHERE v < 1000 ORDER BY k`, 2},
		{`{"filter":{"v":{"lt":1000}},"limit":7}`, `WHERE v < 1000 ORDER BY k LIMIT 7`, 1},
		{`{"limit":100000}`, `ORDER BY k`, 2},
		{`{"sort":["v"],"limit":50}`, `ORDER BY v LIMIT 50`, 2},
		{`{"sort":["-v"],"filter":{"v":{"lt":5000}},"limit":3000}`, `WHERE v < 5000 ORDER BY v DESC LIMIT 3000`, 2},
		{`{"query":"000123","limit":5}`, `WHERE k = '000123'`, 2},
		{`{"filter":{"k":"000123"},"limit":5}`, `WHERE k = '000123'`, 1},
		{`{"filter":{"v":-1},"limit":5}`, `WHERE false`, 2},
	} {
		op := b.accept(t, "pairs", tt.request)
		end, steps := b.run(t, op)
		want := b.wanted(t, tt.rest)
		if diff := cmp.Diff(want, b.found(t, op)); diff != "" && (len(want) > 0 || len(b.found(t, op)) > 0) {
			t.Errorf("%s (-want +got):\n%.2000s", tt.request, diff)
		}
		var told struct{ Returned, Scanned int }
		if err := json.Unmarshal(end.Result, &told); err != nil || told.Returned != len(want) || end.State != operation.Succeeded ||
			end.Progress != 100 || steps < tt.steps {
			t.Errorf("%s: %s after %d steps, told %s", tt.request, end.State, steps, end.Result)
		}
	}
}

func TestPartialResultsAreThereWhileItRuns(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty, store.Options{})
	for request, first := range map[string]string{
		`{"limit":100000}`:          `{"k":"000001","v":7919,"day":"2026-01-01"}`,
		`{"sort":["-k"],"limit":9}`: `{"k":"005000","v":93815,"day":"2026-01-01"}`,
	} {
		op := b.accept(t, "pairs", request)
		if err := b.step(t, op); err != nil {
			t.Fatal(err)
		}
		now, found := b.read(t, op), b.found(t, op)
		if now.State != operation.Running || now.Progress != 25 || len(found) == 0 || found[0] != first {
			t.Errorf("%s: %s at %d %%, %d found, first %v", request, now.State, now.Progress, len(found), found[:min(1, len(found))])
		}
	}
}

func TestResultsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	b := setup(t, 10_000, store.Options{})
	for _, request := range []string{`{"limit":100000}`, `{"sort":["-k"],"limit":100000}`} {
		op := b.accept(t, "pairs", request)
		end, _ := b.run(t, op)
		size := 0
		for _, r := range b.found(t, op) {
			size += len(r) + 1
		}
		if size > 10_000 || size < 9_900 || !strings.Contains(string(end.Result), `"truncated": true`) || end.State != operation.Succeeded {
			t.Errorf("%s: %d bytes, %s, %s", request, size, end.State, end.Result)
		}
	}
}

// await asks Postgres until it says yes.
func (b bench) await(t *testing.T, question string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		var yes bool
		if err := b.sql.QueryRow(t.Context(), question).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if yes {
			return
		}
	}
	t.Fatal(fmt.Errorf("never true: %s", question))
}
