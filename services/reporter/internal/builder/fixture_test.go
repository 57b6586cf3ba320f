package builder_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collectiontest"
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

// unlimited is a limit of bytes that no report here reaches.
const unlimited = 1 << 30

// fixture is a reporter without its process.
type fixture struct {
	db     *store.Store
	sql    *pgx.Conn
	worker *worker.Worker
}

func newFixture(t *testing.T, maxBytes int64) fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	f := fixture{sql: storetest.Connect(t, url)}
	f.db = storetest.Open(t, url, store.Options{})
	collections := collectiontest.Shipped(t)
	f.worker = worker.New(job.Report, worker.Deps{Store: f.db, Redis: queuetest.New(t).Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: 2},
		builder.New(f.db, collections, maxBytes).Process)
	return f
}

func (f fixture) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	storetest.Exec(t, f.sql, statement, args...)
}

// wantBlocks checks the number of output blocks of an operation's stage.
func (f fixture) wantBlocks(t *testing.T, op *operation.Operation, stage string, want int) {
	t.Helper()
	var got int
	const count = `SELECT count(*) FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2`
	if err := f.sql.QueryRow(t.Context(), count, op.ID, stage).Scan(&got); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("blocks of stage %q = %d, want %d", stage, got, want)
	}
}

// fill inserts n tools.
func (f fixture) fill(t *testing.T, n int) {
	t.Helper()
	f.exec(t, `
INSERT INTO xforce.tools (tool_id, tool_name, category, description, features)
SELECT 'T' || lpad(n::text, 8, '0'), '=tool ' || n, CASE n % 2 WHEN 0 THEN 'even' ELSE 'odd' END, repeat('words ', 200), ARRAY['a', 'b' || n]
FROM generate_series(1, $1) AS n`, n)
}

func (f fixture) accept(t *testing.T, kind operation.Kind, collectionName, request string) *operation.Operation {
	t.Helper()
	return storetest.Accept(t, f.db, kind, collectionName, request)
}

// report creates a report.
func (f fixture) report(t *testing.T, request string, args ...any) *operation.Operation {
	t.Helper()
	return f.accept(t, operation.Report, "tools", fmt.Sprintf(request, args...))
}

// finishedImport stores a finished import of records. Every second one was rejected.
func (f fixture) finishedImport(t *testing.T, records int) *operation.Operation {
	t.Helper()
	upload, err := f.db.NewUpload(store.Draft{Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	packer := chunk.NewPacker(records, 1<<20)
	for n := range records {
		packer.Add(fmt.Appendf(nil, `{"tool_id":%d,"tool_name":"<b>"}`, n+1))
	}
	op, err := upload.Seal(t.Context(), packer.Cut())
	if err != nil {
		t.Fatal(err)
	}
	c := job.Chunk{OperationID: op.ID}
	if _, err := f.db.BeginAttempt(t.Context(), c, operation.Import); err != nil {
		t.Fatal(err)
	}
	_, err = f.db.RunStep(t.Context(), c, func(_ context.Context, s *store.Step) (store.Effect, error) {
		effect := store.Effect{Outcomes: make([]operation.Outcome, s.Rows)}
		for n := range effect.Outcomes {
			effect.Outcomes[n] = operation.Created
			if n%2 == 1 {
				effect.Outcomes[n] = operation.Rejected
				effect.Rejections = append(effect.Rejections, operation.Rejection{
					Row: n + 1, Received: fmt.Appendf(nil, `{"tool_id":%d,"tool_name":"<b>"}`, n+1),
					Reasons: []operation.Reason{
						{Pointer: "/tool_id", Code: "type", Message: "must be text & nothing else"},
						{Pointer: fmt.Sprintf("/features/%d", n), Code: "too-short", Message: "must not be empty"},
					},
				})
			}
		}
		return effect, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// finishedSearch stores a finished search that found the records.
func (f fixture) finishedSearch(t *testing.T, records ...string) *operation.Operation {
	t.Helper()
	op := f.accept(t, operation.Search, "tools", `{}`)
	c := job.Chunk{OperationID: op.ID}
	if _, err := f.db.BeginAttempt(t.Context(), c, operation.Search); err != nil {
		t.Fatal(err)
	}
	_, err := f.db.RunResumable(t.Context(), c, func(ctx context.Context, tx *store.ResumableStep) (store.Progress, error) {
		offset := int64(0)
		for seq, record := range records {
			if err := tx.Append(ctx, store.RowsStage, store.OutputBlock{Seq: seq, Rows: 1, Offset: offset, Bytes: []byte(record + "\n")}); err != nil {
				return store.Progress{}, err
			}
			offset += int64(len(record)) + 1
		}
		return store.Progress{Done: true}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// step runs one step of a report and returns the report afterwards.
func (f fixture) step(t *testing.T, op *operation.Operation) *operation.Operation {
	t.Helper()
	err := f.worker.ProcessChunk(t.Context(), job.Chunk{OperationID: op.ID})
	now, readErr := f.db.Operation(t.Context(), op.ID)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if _, archived := errors.AsType[*queue.ArchiveError](err); archived != (now.State == operation.Failed) || err != nil && !archived {
		t.Fatalf("ProcessChunk() = %v, state %s", err, now.State)
	}
	return now
}

// finish runs steps until the report has ended, and checks that progress never decreases.
func (f fixture) finish(t *testing.T, op *operation.Operation) (end *operation.Operation, steps int) {
	t.Helper()
	const maxSteps = 100
	for before := op; steps < maxSteps; before = end {
		end = f.step(t, op)
		steps++
		if end.Progress < before.Progress {
			t.Errorf("progress after step %d = %d, before %d", steps, end.Progress, before.Progress)
		}
		if end.State.Terminal() {
			return end, steps
		}
	}
	t.Fatalf("not finished after %d steps: %+v", steps, end)
	return nil, 0
}

// file returns the file of a finished report, and checks it against the report's result.
func (f fixture) file(t *testing.T, op *operation.Operation) (*report.File, []byte) {
	t.Helper()
	if op.State != operation.Succeeded || op.Progress != 100 {
		t.Fatalf("the report ended as %s at %d %%: %+v", op.State, op.Progress, op.Failure)
	}
	result, err := report.ParseFile(op.Result)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := f.db.Outputs(t.Context(), op.ID, store.FileStage, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	for _, block := range blocks {
		if block.Offset != int64(content.Len()) {
			t.Fatalf("offset of block %d = %d, want %d", block.Seq, block.Offset, content.Len())
		}
		content.Write(block.Bytes)
	}
	sum := sha256.Sum256(content.Bytes())
	if result.SHA256 != hex.EncodeToString(sum[:]) || result.Size != int64(content.Len()) {
		t.Fatalf("result = %d bytes, %s, want %d, %x", result.Size, result.SHA256, content.Len(), sum)
	}
	f.wantBlocks(t, op, store.RowsStage, 0)
	return result, content.Bytes()
}
