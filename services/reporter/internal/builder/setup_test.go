package builder_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/worker"
	"github.com/longshore-io/longshore/services/reporter/internal/builder"
)

// bench is a reporter's work without its process.
type bench struct {
	db   *store.Store
	sql  *pgx.Conn
	work *worker.Worker
}

func setup(t *testing.T, maxBytes int64) bench {
	t.Helper()
	url := storetest.NewDatabase(t)
	b := bench{sql: storetest.Connect(t, url)}
	var err error
	if b.db, err = store.Open(t.Context(), url, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.db.Close)
	collections, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	b.work = worker.New(job.Report, worker.Deps{Store: b.db, Redis: queuetest.New(t).Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: 2},
		builder.New(b.db, collections, maxBytes).Process)
	return b
}

func (b bench) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := b.sql.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func (b bench) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := b.sql.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// fill puts n tools into the table.
func (b bench) fill(t *testing.T, n int) {
	t.Helper()
	b.exec(t, `
INSERT INTO xforce.tools (tool_id, tool_name, category, description, features)
SELECT 'T' || lpad(n::text, 8, '0'), '=tool ' || n, CASE n % 2 WHEN 0 THEN 'even' ELSE 'odd' END, repeat('words ', 200), ARRAY['a', 'b' || n]
FROM generate_series(1, $1) AS n`, n)
}

func (b bench) accept(t *testing.T, kind operation.Kind, collectionName, request string) *operation.Operation {
	t.Helper()
	op, err := b.db.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: kind, Collection: collectionName, Lanes: 1, Request: json.RawMessage(request),
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

func (b bench) step(t *testing.T, op *operation.Operation) *operation.Operation {
	t.Helper()
	err := b.work.ProcessChunk(t.Context(), job.Chunk{OperationID: op.ID})
	now := b.read(t, op)
	if _, parked := errors.AsType[*queue.ArchiveError](err); parked != (now.State == operation.Failed) || err != nil && !parked {
		t.Fatalf("it is %s: %v", now.State, err)
	}
	return now
}

// finish takes steps until the report has ended, and returns how many it took.
func (b bench) finish(t *testing.T, op *operation.Operation) (ended *operation.Operation, steps int) {
	t.Helper()
	const most = 100
	for before := op; steps < most; before = ended {
		ended = b.step(t, op)
		steps++
		if ended.Progress < before.Progress {
			t.Errorf("progress went from %d to %d", before.Progress, ended.Progress)
		}
		if ended.State.Terminal() {
			return ended, steps
		}
	}
	t.Fatalf("not finished after %d steps: %+v", steps, ended)
	return nil, 0
}

// file reads the file of a finished report and holds it against what its result says.
func (b bench) file(t *testing.T, op *operation.Operation) (*report.File, []byte) {
	t.Helper()
	if op.State != operation.Succeeded || op.Progress != 100 {
		t.Fatalf("the report ended as %s at %d %%: %+v", op.State, op.Progress, op.Failure)
	}
	told, err := report.ReadFile(op.Result)
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := b.db.Outputs(t.Context(), op.ID, store.FileStage, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	for _, p := range pieces {
		if p.Offset != int64(content.Len()) {
			t.Fatalf("piece %d begins at %d, not %d", p.Seq, p.Offset, content.Len())
		}
		content.Write(p.Bytes)
	}
	sum := sha256.Sum256(content.Bytes())
	if told.SHA256 != hex.EncodeToString(sum[:]) || told.Size != int64(content.Len()) {
		t.Fatalf("the result tells of %d bytes with %s, there are %d with %x", told.Size, told.SHA256, content.Len(), sum)
	}
	if left := b.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE task_id = $1 AND stage = 'rows'`, op.ID); left != 0 {
		t.Errorf("%d pieces of collected records are left", left)
	}
	return told, content.Bytes()
}
