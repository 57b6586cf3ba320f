package builder_test

import (
	"encoding/json"
	"testing"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// TestProcessFailsOnClientErrors checks that errors that no retry can resolve fail the report in
// its first step.
func TestProcessFailsOnClientErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 50_000)
	f.fill(t, 100)
	for request, code := range map[string]string{
		`{"report":"records","collection":"tools","format":"csv"}`:                        "ReportTooLarge",
		`{"report":"records","collection":"tools","format":"csv","filter":{"nothing":1}}`: "InvalidQuery",
		`{"report":"records","collection":"tools","format":"docx"}`:                       "InvalidReport",
		`{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`:          "ImportGone",
		`{"report":"search","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`:          "SearchGone",
	} {
		t.Run(code, func(t *testing.T) {
			end, steps := f.finish(t, f.accept(t, operation.Report, "tools", request))
			if end.State != operation.Failed || end.Failure == nil || end.Failure.Code != code {
				t.Errorf("end = %s, %+v, want failed, %s", end.State, end.Failure, code)
			}
			if steps != 1 {
				t.Errorf("steps = %d, want 1", steps)
			}
		})
	}
}

func TestProcessAfterCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	f.fill(t, 100)
	op := f.collected(t, allTools)
	if _, cancelled, err := f.db.Cancel(t.Context(), op.ID); err != nil || !cancelled {
		t.Fatalf("Cancel() = %v, %v, want true", cancelled, err)
	}
	if now := f.step(t, op); now.State != operation.Cancelled || now.Result != nil {
		t.Errorf("after a step: %s with result %s, want cancelled without", now.State, now.Result)
	}
}

// TestProcessStoresCursor checks that the cursor can be read back from Postgres.
func TestProcessStoresCursor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, unlimited)
	f.fill(t, 9_000)
	op := f.report(t, `{"report":"records","collection":"tools","format":"csv"}`)
	f.step(t, op)
	checkpoint, err := f.db.CheckpointOf(t.Context(), job.Chunk{OperationID: op.ID})
	if err != nil {
		t.Fatal(err)
	}
	var cursor struct {
		Stage   string
		Rows    int
		Scanned int
	}
	if err := json.Unmarshal(checkpoint.Cursor, &cursor); err != nil {
		t.Fatal(err)
	}
	if cursor.Stage != "collect" || cursor.Rows == 0 || cursor.Scanned != cursor.Rows {
		t.Errorf("cursor = %s, want stage collect and as many rows as scanned", checkpoint.Cursor)
	}
}
