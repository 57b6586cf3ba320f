package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// maxCancelTime is the maximum time of a request that cancels an operation.
const maxCancelTime = time.Second

// TestCancelBigImport cancels a big import while importers run steps and the queue is full. Records
// that were applied before stay and are counted, nothing is written afterwards, and all other
// records can be downloaded.
func TestCancelBigImport(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{"LONGSHORE_EXPIRE_EVERY=200ms"}})
	op := startBigImport(t, s)
	m := mustCancel(t, s, op)
	want := readFootprint(t, s, op)
	s.DrainQueue("imports")
	if diff := cmp.Diff(want, readFootprint(t, s, op)); diff != "" {
		t.Errorf("footprint after the cancel (-want +got):\n%s", diff)
	}
	expectBigCounts(t, s, op, m)

	again := mustCancel(t, s, op)
	if again.Counts != m.Counts || !again.Finished.Equal(*m.Finished) {
		t.Errorf("second cancel: got %+v, want %+v", again, m)
	}
	mustPrune(t, s, op)
	start := time.Now()
	s.WaitForSQL(bigTimeout, "the dependent rows to be deleted", `SELECT reclaimed_at IS NOT NULL FROM xforce.tasks WHERE task_id = $1`, op.ID)
	t.Logf("deleted in %s", time.Since(start))
	expectTombstone(t, s, op.OperationLocation, "cancelled", m.Counts)
	if got := s.Number(`SELECT count(*) FROM xforce.tools`); got != m.Counts.Created {
		t.Errorf("got %d rows in the table after the prune, want %d", got, m.Counts.Created)
	}
}

// mustCancel cancels an operation, and checks that it is cancelled in time.
func mustCancel(t *testing.T, s *stack.Stack, op client.Accepted) client.Monitor {
	t.Helper()
	response, err := s.Client().Cancel(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	m, err := response.Monitor()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("cancelled in %s, with the counts %+v", response.Elapsed, m.Counts)
	if m.Status != "Canceled" || m.Finished == nil || response.Elapsed > maxCancelTime {
		t.Errorf("got status %s, finished %v after %s, want Canceled within %s", m.Status, m.Finished, response.Elapsed, maxCancelTime)
	}
	return m
}

// mustPrune prunes a finished operation.
func mustPrune(t *testing.T, s *stack.Stack, op client.Accepted) {
	t.Helper()
	response, err := s.Client().Delete(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	if response.Status != http.StatusNoContent || len(response.Body) != 0 {
		t.Errorf("got status %d, want 204 without a body: %s", response.Status, response.Body)
	}
}

// footprint summarizes what an import has written. Transactions is the sum of the ids of the
// transactions that wrote the rows.
type footprint struct {
	Tools, Transactions, Progress, DoneChunks, Revision, Imported, Failed int
}

func readFootprint(t *testing.T, s *stack.Stack, op client.Accepted) footprint {
	t.Helper()
	return footprint{
		Tools:        s.Number(`SELECT count(*) FROM xforce.tools`),
		Transactions: s.Number(`SELECT coalesce(sum(xmin::text::bigint), 0)::bigint FROM xforce.tools`),
		Progress:     s.Number(`SELECT count(*) FROM xforce.task_progress WHERE task_id = $1`, op.ID),
		DoneChunks:   s.Number(`SELECT count(*) FROM xforce.task_chunks WHERE task_id = $1 AND state = 'done'`, op.ID),
		Revision:     s.Number(`SELECT revision FROM xforce.tasks WHERE task_id = $1`, op.ID),
		Imported:     s.Number(`SELECT imported_records FROM xforce.tasks WHERE task_id = $1`, op.ID),
		Failed:       s.Number(`SELECT failed_records FROM xforce.tasks WHERE task_id = $1`, op.ID),
	}
}

// expectBigCounts checks the outcome of every record against the counts: created records are in the
// table, failed and unprocessed ones can be downloaded, and none is missing or has two outcomes.
func expectBigCounts(t *testing.T, s *stack.Stack, op client.Accepted, m client.Monitor) {
	t.Helper()
	c := m.Counts
	if c.Imported+c.Failed+c.Unprocessed != op.TotalRecords || c.Created != c.Imported || c.Unprocessed == 0 || c.Failed == 0 {
		t.Errorf("got the counts %+v, want a sum of %d, all imported ones created, some unprocessed and failed", c, op.TotalRecords)
	}
	if got := s.Number(`SELECT count(*) FROM xforce.tools`); got != c.Created {
		t.Errorf("got %d rows in the table, want %d", got, c.Created)
	}
	outcomes := make([]byte, op.TotalRecords+1) // number of outcomes of each record
	countRows(t, s, outcomes)
	for outcome, want := range map[string]int{"failed": c.Failed, "unprocessed": c.Unprocessed} {
		got, content := 0, []byte(`,"outcome":"`+outcome+`","record":{"tool_id":"N`)
		err := s.Client().EachRecord(t.Context(), op.OperationLocation, outcome, func(row int, line []byte) {
			got++
			outcomes[row]++
			if !bytes.Contains(line, content) || got%invalidEvery == 1 && !json.Valid(line) {
				t.Errorf("record %d: got %s, want a line of JSON with %s", row, line, content)
			}
		})
		if err != nil || got != want {
			t.Errorf("got %d %s records, want %d: %v", got, outcome, want, err)
		}
	}
	for row, got := range outcomes[1:] {
		if got != 1 {
			t.Fatalf("record %d: got %d outcomes, want 1", row+1, got)
		}
	}
}

// countRows counts the rows of the table by import_row.
func countRows(t *testing.T, s *stack.Stack, counts []byte) {
	t.Helper()
	rows, err := s.DB().Query(t.Context(), `SELECT import_row FROM xforce.tools`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var row int
		if err := rows.Scan(&row); err != nil {
			t.Fatal(err)
		}
		counts[row]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestCancelDuringStep cancels an import while its only step is blocked. The cancel does not wait
// for the step, and the step cannot commit afterwards.
func TestCancelDuringStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	s.WaitForSQL(recoveryLimit, "a step to be blocked", `SELECT count(*) > 0 `+blockedSteps)
	m := mustCancel(t, s, op)
	expectCounts(t, m, client.Counts{Total: 5, Unprocessed: 5})
	release()
	s.WaitForSQL(recoveryLimit, "the step to end", `SELECT count(*) = 0 `+blockedSteps)
	s.DrainQueue("imports")
	again := s.SubmitJSON(tool.JSON(tool.Numbered(1)))
	expectCounts(t, s.WaitFor(again, "Succeeded"), client.Counts{Total: 1, Created: 1, Imported: 1})
	if got := s.Number(`SELECT count(*) FROM xforce.tools`); got != 1 {
		t.Errorf("got %d rows in the table, want 1: the cancelled import must not write", got)
	}
	if got := len(s.Records(op, "unprocessed")); got != 5 {
		t.Errorf("got %d unprocessed records, want 5", got)
	}
}

// TestCancelFinished checks that a cancel of a finished operation answers 409 with the final state,
// and 410 after the prune.
func TestCancelFinished(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	op := s.SubmitJSON(tool.SampleJSON)
	m := s.WaitFor(op, "Succeeded")
	response, err := s.Client().Cancel(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	p, err := response.Problem()
	if err != nil || p.Status != http.StatusConflict || p.Code() != "operation-finished" || p.FinalState != "succeeded" {
		t.Errorf("got %d %s, want 409 operation-finished with the final state succeeded: %v", response.Status, response.Body, err)
	}
	if got := s.WaitFor(op, "Succeeded"); got.Counts != m.Counts || !got.Finished.Equal(*m.Finished) {
		t.Errorf("after the cancel: got %+v, want %+v", got, m)
	}
	mustPrune(t, s, op)
	expectTombstone(t, s, op.OperationLocation, "succeeded", m.Counts)
	if response, err := s.Client().Cancel(t.Context(), op.OperationLocation); err != nil || response.Status != http.StatusGone {
		t.Errorf("cancel after the prune: got %+v, %v, want 410", response, err)
	}
	if response, err := s.Client().Delete(t.Context(), op.OperationLocation); err != nil || response.Status != http.StatusGone {
		t.Errorf("delete after the prune: got %+v, %v, want 410", response, err)
	}
}

// TestDeleteCancelsUnfinished checks that DELETE of an unfinished operation cancels it and keeps
// its monitor.
func TestDeleteCancelsUnfinished(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: stack.None})
	op := s.SubmitJSON(tool.SampleJSON)
	response, err := s.Client().Delete(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	m, err := response.Monitor()
	if err != nil || m.Status != "Canceled" {
		t.Errorf("got %d %s, want Canceled: %v", response.Status, response.Body, err)
	}
	expectCounts(t, s.WaitFor(op, "Canceled"), client.Counts{Total: 5, Unprocessed: 5})
}

// expectTombstone checks that a URL of an operation answers 410 with the final state and counts.
func expectTombstone(t *testing.T, s *stack.Stack, url, state string, counts client.Counts) {
	t.Helper()
	response, err := s.Client().Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(url, "/v1/") {
		expectGoogleTombstone(t, response, state)
		return
	}
	p, err := response.Problem()
	if err != nil || p.Status != http.StatusGone || p.Code() != "operation-expired" || p.FinalState != state || p.ExpiredAt.IsZero() {
		t.Errorf("GET %s: got %d %s, want 410 operation-expired with the final state %s: %v", url, response.Status, response.Body, state, err)
		return
	}
	c := p.Counts
	if c == nil || c.Total != counts.Total || c.Created != counts.Created || c.Updated != counts.Updated ||
		c.Superseded != counts.Superseded || c.Failed != counts.Failed {
		t.Errorf("GET %s: got the counts %+v, want %+v", url, c, counts)
	}
}

// expectGoogleTombstone expects an error of Google's APIs (AIP-193) about an operation that has expired.
func expectGoogleTombstone(t *testing.T, response *client.Response, state string) {
	t.Helper()
	var body struct {
		Error struct {
			Code    int
			Details []struct {
				Reason   string
				Metadata map[string]string
			}
		}
	}
	err := json.Unmarshal(response.Body, &body)
	details := body.Error.Details
	if err != nil || body.Error.Code != http.StatusGone || len(details) == 0 || details[0].Reason != "OPERATION_EXPIRED" || details[0].Metadata["final_state"] != state {
		t.Errorf("got %d %s, want 410 OPERATION_EXPIRED with the final state %s: %v", response.Status, response.Body, state, err)
	}
}
