package builder_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

const allTools = `{"report":"records","collection":"tools","format":"xlsx"}`

// collected creates a report and runs steps until the next one writes the file.
func (f fixture) collected(t *testing.T, request string) *operation.Operation {
	t.Helper()
	op := f.accept(t, operation.Report, "tools", request)
	for now := op; now.Phase != "Writing the file"; {
		now = f.step(t, op)
	}
	return op
}

// TestWriteDeletesUnfinishedFile simulates a writer that died before it finished its file.
func TestWriteDeletesUnfinishedFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	f.fill(t, 3_000)
	op := f.collected(t, allTools)
	for seq := range 2 {
		block := store.OutputBlock{Seq: seq, Offset: int64(seq) * 5, Bytes: []byte("half ")}
		if err := f.db.AppendOutput(t.Context(), op.ID, store.FileStage, block); err != nil {
			t.Fatal(err)
		}
	}
	end, _ := f.finish(t, op)
	if _, content := f.file(t, end); !bytes.HasPrefix(content, []byte("PK")) {
		t.Errorf("the file begins with %q, want PK", content[:10])
	}
}

// TestFinishRewritesIncompleteFile changes the blocks of a file before the last step.
func TestFinishRewritesIncompleteFile(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	f.fill(t, 3_000)
	for name, change := range map[string]string{
		"missing block": `DELETE FROM xforce.task_outputs WHERE task_id = $1 AND stage = 'file' AND seq = 0`,
		"extra block": `INSERT INTO xforce.task_outputs (task_id, stage, seq, byte_offset, byte_count, payload)
SELECT task_id, stage, seq + 1, byte_offset + byte_count, 1, payload FROM xforce.task_outputs WHERE task_id = $1 AND stage = 'file' ORDER BY seq DESC LIMIT 1`,
	} {
		t.Run(name, func(t *testing.T) {
			op := f.collected(t, allTools)
			if now := f.step(t, op); now.Phase != "Finishing" || now.Result != nil {
				t.Fatalf("phase after writing = %q, result %s, want Finishing, none", now.Phase, now.Result)
			}
			f.exec(t, change, op.ID)
			end, steps := f.finish(t, op)
			f.file(t, end)
			if steps != 3 { // check, write, check
				t.Errorf("steps = %d, want 3", steps)
			}
		})
	}
}

// TestWriteIsExclusive checks that a worker can't begin the file while another one writes it, and
// that the next worker can after that one has failed.
func TestWriteIsExclusive(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	f.fill(t, 10)
	op := f.collected(t, allTools)
	c := job.Chunk{OperationID: op.ID}
	checkpoint, err := f.db.CheckpointOf(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	_, err = f.db.RunLong(t.Context(), c, func(ctx context.Context, _ store.Checkpoint) (store.Progress, error) {
		if err := f.db.BeginFile(ctx, c, checkpoint.Cursor); !errors.Is(err, store.ErrLocked) {
			t.Errorf("BeginFile() during a long step = %v, want %v", err, store.ErrLocked)
		}
		return store.Progress{}, broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("RunLong() = %v, want %v", err, broken)
	}
	end, _ := f.finish(t, op)
	f.file(t, end)
}
