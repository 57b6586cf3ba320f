package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// maxCancelTime is how soon an operation stands still after somebody asked for it.
const maxCancelTime = time.Second

// TestCancelBigImport cancels a big import in its middle, while workers are in the middle of their steps and the queue is full: what was applied
// before stays and is counted, nothing is written afterwards, and every other record can be had back.
func TestCancelBigImport(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{"LONGSHORE_EXPIRE_EVERY=200ms"}})
	op := startBigImport(t, s)
	m := mustCancel(t, s, op)
	still := readFootprint(t, s, op)
	s.DrainQueue("imports")
	if diff := cmp.Diff(still, readFootprint(t, s, op)); diff != "" {
		t.Errorf("something was written after the cancel (-then +now):\n%s", diff)
	}
	expectBigCounts(t, s, op, m)

	again := mustCancel(t, s, op)
	if again.Counts != m.Counts || !again.Finished.Equal(*m.Finished) {
		t.Errorf("cancelled again it is %+v, was %+v", again, m)
	}
	mustPrune(t, s, op)
	began := time.Now()
	s.WaitForSQL(bigLimit, "all of it to be cleared away", `SELECT reclaimed_at IS NOT NULL FROM xforce.tasks WHERE task_id = $1`, op.ID)
	t.Logf("it was cleared away in %s", time.Since(began))
	expectTombstone(t, s, op.OperationLocation, "cancelled", m.Counts)
	if held := s.Number(`SELECT count(*) FROM xforce.tools`); held != m.Counts.Created {
		t.Errorf("the target holds %d records afterwards, not %d", held, m.Counts.Created)
	}
}

// mustCancel cancels an operation and expects it to stand still in time.
func mustCancel(t *testing.T, s *stack.Stack, op client.Accepted) client.Monitor {
	t.Helper()
	answer, err := s.Client().Cancel(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	m, err := answer.Monitor()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the cancel was answered in %s, at %+v", answer.Elapsed, m.Counts)
	if m.Status != "Canceled" || m.Finished == nil || answer.Elapsed > maxCancelTime {
		t.Errorf("after %s it is %s, finished %v", answer.Elapsed, m.Status, m.Finished)
	}
	return m
}

// mustPrune deletes a finished operation.
func mustPrune(t *testing.T, s *stack.Stack, op client.Accepted) {
	t.Helper()
	answer, err := s.Client().Delete(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusNoContent || len(answer.Body) != 0 {
		t.Errorf("pruning was answered with %d: %s", answer.Status, answer.Body)
	}
}

// footprint is what an import has written: how many rows, and by which transactions.
type footprint struct {
	Tools, ByWhom, Progress, DoneChunks, Revision, Imported, Failed int
}

func readFootprint(t *testing.T, s *stack.Stack, op client.Accepted) footprint {
	t.Helper()
	return footprint{
		Tools:      s.Number(`SELECT count(*) FROM xforce.tools`),
		ByWhom:     s.Number(`SELECT coalesce(sum(xmin::text::bigint), 0)::bigint FROM xforce.tools`),
		Progress:   s.Number(`SELECT count(*) FROM xforce.task_progress WHERE task_id = $1`, op.ID),
		DoneChunks: s.Number(`SELECT count(*) FROM xforce.task_chunks WHERE task_id = $1 AND state = 'done'`, op.ID),
		Revision:   s.Number(`SELECT revision FROM xforce.tasks WHERE task_id = $1`, op.ID),
		Imported:   s.Number(`SELECT imported_records FROM xforce.tasks WHERE task_id = $1`, op.ID),
		Failed:     s.Number(`SELECT failed_records FROM xforce.tasks WHERE task_id = $1`, op.ID),
	}
}

// expectBigCounts holds what became of every single record against the counts: applied ones are in the table, failed ones and unprocessed
// ones can be downloaded, and nothing is missing or twice.
func expectBigCounts(t *testing.T, s *stack.Stack, op client.Accepted, m client.Monitor) {
	t.Helper()
	n := m.Counts
	if n.Imported+n.Failed+n.Unprocessed != op.TotalRecords || n.Created != n.Imported || n.Unprocessed == 0 || n.Failed == 0 {
		t.Errorf("the counts are %+v", n)
	}
	if held := s.Number(`SELECT count(*) FROM xforce.tools`); held != n.Created {
		t.Errorf("the table holds %d records, %d were created", held, n.Created)
	}
	place := make([]byte, op.TotalRecords+1)
	rows, err := s.DB().Query(t.Context(), `SELECT import_row FROM xforce.tools`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var row int
		if err := rows.Scan(&row); err != nil {
			t.Fatal(err)
		}
		place[row]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for outcome, want := range map[string]int{"failed": n.Failed, "unprocessed": n.Unprocessed} {
		got := 0
		err := s.Client().EachRecord(t.Context(), op.OperationLocation, outcome, func(r client.Record) {
			got++
			place[r.Row]++
			if len(r.Record) == 0 || r.Outcome != outcome {
				t.Errorf("record %d is %s: %s", r.Row, r.Outcome, r.Record)
			}
		})
		if err != nil || got != want {
			t.Errorf("%d %s records were downloaded, not %d: %v", got, outcome, want, err)
		}
	}
	for row, times := range place[1:] {
		if times != 1 {
			t.Fatalf("record %d is in %d places", row+1, times)
		}
	}
}

// TestCancelDuringStep cancels an import whose only step stands in its middle: the cancel does not wait for it, and it can't commit.
func TestCancelDuringStep(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	s.WaitForSQL(recoveryLimit, "a step to be in its middle", `SELECT count(*) > 0 `+blockedSteps)
	m := mustCancel(t, s, op)
	expectCounts(t, m, client.Counts{Total: 5, Unprocessed: 5})
	release()
	s.WaitForSQL(recoveryLimit, "the step to end", `SELECT count(*) = 0 `+blockedSteps)
	s.DrainQueue("imports")
	again := s.SubmitJSON(tool.JSON(tool.Numbered(1)))
	expectCounts(t, s.WaitFor(again, "Succeeded"), client.Counts{Total: 1, Created: 1, Imported: 1})
	if held := s.Number(`SELECT count(*) FROM xforce.tools`); held != 1 {
		t.Errorf("the table holds %d records: the cancelled import wrote some", held)
	}
	if got := len(s.Records(op, "unprocessed")); got != 5 {
		t.Errorf("%d records can be had back, not 5", got)
	}
}

// TestCancelFinished: what is finished can't be cancelled, and says how it ended.
func TestCancelFinished(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	op := s.SubmitJSON(tool.SampleJSON)
	m := s.WaitFor(op, "Succeeded")
	answer, err := s.Client().Cancel(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	p, err := answer.Problem()
	if err != nil || p.Status != http.StatusConflict || p.Code() != "operation-finished" || p.FinalState != "succeeded" {
		t.Errorf("it was answered with %d: %s, %v", answer.Status, answer.Body, err)
	}
	if after := s.WaitFor(op, "Succeeded"); after.Counts != m.Counts || !after.Finished.Equal(*m.Finished) {
		t.Errorf("afterwards it is %+v, was %+v", after, m)
	}
	mustPrune(t, s, op)
	expectTombstone(t, s, op.OperationLocation, "succeeded", m.Counts)
	for _, ask := range []func() (*client.Response, error){
		func() (*client.Response, error) { return s.Client().Cancel(t.Context(), op.OperationLocation) },
		func() (*client.Response, error) { return s.Client().Delete(t.Context(), op.OperationLocation) },
	} {
		if answer, err := ask(); err != nil || answer.Status != http.StatusGone {
			t.Errorf("what is gone was answered with %+v, %v", answer, err)
		}
	}
}

// TestDeleteUnfinished: DELETE of what is unfinished cancels it and keeps its monitor.
func TestDeleteCancelsUnfinished(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: stack.None})
	op := s.SubmitJSON(tool.SampleJSON)
	answer, err := s.Client().Delete(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	m, err := answer.Monitor()
	if err != nil || m.Status != "Canceled" {
		t.Errorf("it was answered with %d: %s, %v", answer.Status, answer.Body, err)
	}
	expectCounts(t, s.WaitFor(op, "Canceled"), client.Counts{Total: 5, Unprocessed: 5})
}

// expectTombstone expects the 410 that is left of an operation.
func expectTombstone(t *testing.T, s *stack.Stack, address, state string, counts client.Counts) {
	t.Helper()
	answer, err := s.Client().Get(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	p, err := answer.Problem()
	if err != nil || p.Status != http.StatusGone || p.Code() != "operation-expired" || p.FinalState != state || p.ExpiredAt.IsZero() {
		t.Errorf("GET %s was answered with %d: %s, %v", address, answer.Status, answer.Body, err)
		return
	}
	c := p.Counts
	if c == nil || c.Total != counts.Total || c.Created != counts.Created || c.Updated != counts.Updated ||
		c.Superseded != counts.Superseded || c.Failed != counts.Failed {
		t.Errorf("GET %s tells the counts %+v, not %+v", address, c, counts)
	}
}
