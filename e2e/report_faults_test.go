package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// slowBlocks delays the insert of every file's second block, even after its reporter is dead: the
// worst case for the next reporter.
const slowBlocks = `
CREATE FUNCTION slow_block() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$;
CREATE TRIGGER slow_block BEFORE INSERT ON xforce.task_outputs FOR EACH ROW
WHEN (NEW.stage = 'file' AND NEW.seq = 1) EXECUTE FUNCTION slow_block()`

// TestReporterKilledDuringWrite kills the only reporter while it writes the second block of a file.
func TestReporterKilledDuringWrite(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	s.WaitFor(s.SubmitLines(tool.NDJSON(exportedRecords, tool.Numbered)), "Succeeded")
	s.Exec(slowBlocks)
	r := startReport(t, s, `{"report":"records","collection":"tools","format":"ndjson"}`, "ndjson")
	s.WaitForSQL(reportTimeout, "the second block to be written", `
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')`)
	s.KillReporter(0)
	killed := time.Now()
	s.StartReporter(0)
	lines := bytes.Split(bytes.TrimSuffix(r.wait(t), []byte("\n")), []byte("\n"))
	t.Logf("finished %s after the reporter was killed", time.Since(killed))
	if len(lines) != exportedRecords {
		t.Fatalf("file has %d lines, want %d", len(lines), exportedRecords)
	}
	for n, line := range lines {
		var got tool.Tool
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("line %d: %s: %v", n+1, line, err)
		}
		if diff := cmp.Diff(tool.Numbered(n), got); diff != "" {
			t.Fatalf("line %d (-want +got):\n%s", n+1, diff)
		}
	}
}

// TestReportCancelled cancels a report while it is written, and then deletes it.
func TestReportCancelled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.task_outputs")
	r := startReport(t, s, `{"report":"imports","format":"html"}`, "html")
	cancelled := r.do(t, http.MethodDelete, r.location, nil)
	if cancelled.Status != http.StatusOK || !strings.HasPrefix(string(cancelled.Body), `{"status":"cancelled",`) {
		t.Errorf("cancel: got %d %s, want 200 cancelled", cancelled.Status, cancelled.Body)
	}
	expectRetryAfter(t, cancelled, false)
	release()
	expectProblem(t, r.do(t, http.MethodGet, r.file, nil), http.StatusNotFound, "report-file-not-found")
	if deleted := r.do(t, http.MethodDelete, r.location, nil); deleted.Status != http.StatusNoContent {
		t.Errorf("delete: got %d %s, want 204", deleted.Status, deleted.Body)
	}
	expectProblem(t, r.do(t, http.MethodGet, r.location, nil), http.StatusGone, "operation-expired")
	expectProblem(t, r.do(t, http.MethodGet, r.file, nil), http.StatusGone, "operation-expired")
}
