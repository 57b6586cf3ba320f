package builder_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
)

const plenty = 1 << 30

func TestAnExportHoldsEveryRecordInEveryFormat(t *testing.T) {
	t.Parallel()
	const records = 9_000 // ten megabytes: several turns of collecting
	b := setup(t, plenty)
	b.fill(t, records)
	for _, f := range report.Records.Formats() {
		op, steps := b.finish(t, b.accept(t, operation.Report, "tools", fmt.Sprintf(`{"report":"records","collection":"tools","format":%q}`, f)))
		told, content := b.file(t, op)
		if told.Records == nil || *told.Records != records || told.Name != report.FileName(op.Number, f) || told.MediaType != f.MediaType() {
			t.Errorf("%s: the result is %+v", f, told)
		}
		if steps < 4 {
			t.Errorf("%s: %d steps, which are no short turns", f, steps)
		}
		magic := map[report.Format]string{report.CSV: "tool_id,tool_name,", report.NDJSON: `{"tool_id":"T00000001",`, report.XLSX: "PK\x03\x04", report.Parquet: "PAR1"}
		if !bytes.HasPrefix(content, []byte(magic[f])) {
			t.Errorf("%s begins with %q", f, content[:30])
		}
	}
}

func TestAnExportHoldsWhatAQueryFinds(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	b.fill(t, 100)
	op, _ := b.finish(t, b.accept(t, operation.Report, "tools",
		`{"report":"records","collection":"tools","format":"csv","filter":{"category":"even","tool_id":{"gt":"T00000090"}}}`))
	_, content := b.file(t, op)
	rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil || len(rows) != 6 || rows[1][0] != "T00000092" || rows[1][1] != "'=tool 92" {
		t.Errorf("%d rows, the first of them %q: %v", len(rows), rows[1], err)
	}
}

func TestAnExportOfNothingIsAFile(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	op, _ := b.finish(t, b.accept(t, operation.Report, "tools", `{"report":"records","collection":"tools","format":"ndjson"}`))
	if told, content := b.file(t, op); *told.Records != 0 || len(content) != 0 {
		t.Errorf("%+v: %q", told, content)
	}
}

// search stores a finished search that found the lines.
func (b bench) search(t *testing.T, lines ...string) *operation.Operation {
	t.Helper()
	op := b.accept(t, operation.Search, "tools", `{}`)
	c := job.Chunk{OperationID: op.ID}
	if _, err := b.db.BeginAttempt(t.Context(), c, operation.Search); err != nil {
		t.Fatal(err)
	}
	_, err := b.db.RunResumable(t.Context(), c, func(ctx context.Context, turn *store.ResumableStep) (store.Progress, error) {
		offset := int64(0)
		for n, line := range lines {
			if err := turn.Append(ctx, store.RowsStage, store.OutputBlock{Seq: n, Rows: 1, Offset: offset, Bytes: []byte(line + "\n")}); err != nil {
				return store.Progress{}, err
			}
			offset += int64(len(line)) + 1
		}
		return store.Progress{Done: true}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestAnExportOfASearchHoldsWhatItFound(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	found := []string{`{"tool_id":"b"}`, `{"tool_id":"a"}`}
	search := b.search(t, found...)
	op, _ := b.finish(t, b.accept(t, operation.Report, "tools", fmt.Sprintf(`{"report":"search","operation":%q,"format":"ndjson"}`, search.ID)))
	if told, content := b.file(t, op); *told.Records != 2 || string(content) != strings.Join(found, "\n")+"\n" {
		t.Errorf("%+v: %q", told, content)
	}
	if left := b.count(t, `SELECT count(*) FROM xforce.task_outputs WHERE task_id = $1`, search.ID); left != 2 {
		t.Errorf("%d pieces of the search are left", left)
	}
}

func TestAnExportOfASearchThatIsGoneFails(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	search := b.search(t, `{"tool_id":"b"}`)
	op := b.accept(t, operation.Report, "tools", fmt.Sprintf(`{"report":"search","operation":%q,"format":"csv"}`, search.ID))
	if _, err := b.db.Prune(t.Context(), search.ID); err != nil {
		t.Fatal(err)
	}
	if ended, _ := b.finish(t, op); ended.State != operation.Failed || ended.Failure.Code != "SearchGone" {
		t.Errorf("%s: %+v", ended.State, ended.Failure)
	}
}

func TestWhatNoAttemptHealsFailsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, 50_000)
	b.fill(t, 100)
	for request, code := range map[string]string{
		`{"report":"records","collection":"tools","format":"csv"}`:                        "ReportTooLarge",
		`{"report":"records","collection":"tools","format":"csv","filter":{"nothing":1}}`: "InvalidQuery",
		`{"report":"records","collection":"tools","format":"docx"}`:                       "InvalidReport",
		`{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`:          "ImportGone",
		`{"report":"search","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`:          "SearchGone",
	} {
		ended, steps := b.finish(t, b.accept(t, operation.Report, "tools", request))
		if ended.State != operation.Failed || ended.Failure == nil || ended.Failure.Code != code || steps != 1 {
			t.Errorf("%s: %s after %d steps: %+v", request, ended.State, steps, ended.Failure)
		}
	}
}

// collected takes steps until the file is to be written.
func (b bench) collected(t *testing.T, request string) *operation.Operation {
	t.Helper()
	op := b.accept(t, operation.Report, "tools", request)
	for now := op; now.Phase != "Writing the file"; {
		now = b.step(t, op)
	}
	return op
}

const allTools = `{"report":"records","collection":"tools","format":"xlsx"}`

// What a writer left that died in its middle is not found in the file.
func TestAFileThatWasBegunBeforeIsWrittenAnew(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	b.fill(t, 3_000)
	op := b.collected(t, allTools)
	for seq := range 2 {
		half := store.OutputBlock{Seq: seq, Offset: int64(seq) * 5, Bytes: []byte("half ")}
		if err := b.db.AppendOutput(t.Context(), op.ID, store.FileStage, half); err != nil {
			t.Fatal(err)
		}
	}
	ended, _ := b.finish(t, op)
	if _, content := b.file(t, ended); !bytes.HasPrefix(content, []byte("PK")) {
		t.Errorf("the file begins with %q", content[:10])
	}
}

// Should the pieces not be whole at the end, because somebody meddled with them, they are written again.
func TestAFileThatIsNotWholeIsWrittenAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	b.fill(t, 3_000)
	for name, meddle := range map[string]string{
		"a piece is missing": `DELETE FROM xforce.task_outputs WHERE task_id = $1 AND stage = 'file' AND seq = 0`,
		"a piece too many": `INSERT INTO xforce.task_outputs (task_id, stage, seq, byte_offset, byte_count, payload)
SELECT task_id, stage, seq + 1, byte_offset + byte_count, 1, payload FROM xforce.task_outputs WHERE task_id = $1 AND stage = 'file' ORDER BY seq DESC LIMIT 1`,
	} {
		op := b.collected(t, allTools)
		if now := b.step(t, op); now.Phase != "Finishing" || now.Result != nil {
			t.Fatalf("%s: after the file was written: %q, %s", name, now.Phase, now.Result)
		}
		b.exec(t, meddle, op.ID)
		ended, steps := b.finish(t, op)
		b.file(t, ended)
		if steps != 3 {
			t.Errorf("%s: finished in %d steps, so it was not written again", name, steps)
		}
	}
}

// A writer who lost its lock finds the other one's name in the cursor and lets go.
func TestAWriterThatWasOvertakenLetsGo(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	b.fill(t, 10)
	op := b.collected(t, allTools)
	c := job.Chunk{OperationID: op.ID}
	at, err := b.db.CheckpointOf(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.db.RunLong(t.Context(), c, func(ctx context.Context, _ store.Checkpoint) (store.Progress, error) {
		if err := b.db.BeginFile(ctx, c, at.Cursor); !errors.Is(err, store.ErrLocked) {
			t.Errorf("beginning a file that another writes: %v", err)
		}
		return store.Progress{}, errors.New("broken off")
	})
	if err == nil {
		t.Fatal("the held work did not break off")
	}
	ended, _ := b.finish(t, op)
	b.file(t, ended)
}

func TestACancelledReportStopsBetweenItsSteps(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	b.fill(t, 100)
	op := b.collected(t, allTools)
	if cancelled, err := b.db.Cancel(t.Context(), op.ID); err != nil || !cancelled {
		t.Fatalf("%v, %v", cancelled, err)
	}
	if now := b.step(t, op); now.State != operation.Cancelled || now.Result != nil {
		t.Errorf("%s with %s", now.State, now.Result)
	}
}

func TestTheCursorSurvivesPostgres(t *testing.T) {
	t.Parallel()
	b := setup(t, plenty)
	b.fill(t, 9_000)
	op := b.accept(t, operation.Report, "tools", `{"report":"records","collection":"tools","format":"csv"}`)
	b.step(t, op)
	at, err := b.db.CheckpointOf(t.Context(), job.Chunk{OperationID: op.ID})
	if err != nil {
		t.Fatal(err)
	}
	var kept struct {
		Stage   string
		Rows    int
		Scanned int
	}
	if err := json.Unmarshal(at.Cursor, &kept); err != nil || kept.Stage != "collect" || kept.Rows == 0 || kept.Scanned != kept.Rows {
		t.Errorf("%s: %v", at.Cursor, err)
	}
}
