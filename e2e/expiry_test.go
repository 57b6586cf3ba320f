package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// expireOften makes the janitor look for what has expired all the time.
const expireOften = "LONGSHORE_EXPIRE_EVERY=100ms"

// withRetention asks to keep an operation for a time.
func withRetention(retention string) http.Header {
	return http.Header{"Longshore-Retention": {retention}}
}

// TestRetentionHasBounds: what can't be taken is refused, with the bounds.
func TestRetentionBounds(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_MAX_RETENTION=300h"}})
	const least, most, leastSearch, mostSearch = 10 * time.Minute, 300 * time.Hour, 5 * time.Minute, 7 * 24 * time.Hour
	for _, asked := range []struct {
		way         endpoint
		retention   string
		least, most time.Duration
	}{
		{importEndpoint, "599", least, most},
		{importEndpoint, "301h", least, most},
		{importEndpoint, "-15m", least, most},
		{importEndpoint, "for ever", least, most},
		{importEndpoint, "99999999999999999999", least, most},
		{searchEndpoint, "4m", leastSearch, mostSearch},
		{searchEndpoint, "8d", leastSearch, mostSearch},
		{reportEndpoint, "1m", least, most},
	} {
		answer, err := s.Client().Do(t.Context(), http.MethodPost, asked.way.path, client.RequestBody{
			Type: "application/json", Header: withRetention(asked.retention), Content: asked.way.body,
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := answer.Problem()
		if err != nil || p.Status != http.StatusBadRequest || p.Code() != "invalid-retention" ||
			p.MinSeconds != int(asked.least.Seconds()) || p.MaxSeconds != int(asked.most.Seconds()) {
			t.Errorf("POST %s for %s: %d %s, %v", asked.way.path, asked.retention, answer.Status, answer.Body, err)
		}
	}
	if n := s.Number(`SELECT count(*) FROM xforce.tasks`); n != 0 {
		t.Errorf("%d operations were begun", n)
	}
}

// TestExpiry lets an import, a search and a report expire. Nobody can wait for ten minutes, so the test moves the end of the operations
// into the past instead.
func TestExpiry(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{expireOften, "LONGSHORE_TOMBSTONE_RETENTION=1h"}})
	long := mustStart(t, s, importEndpoint, nil)
	s.WaitFor(long.accepted, "Succeeded")
	final := make(map[string]client.Monitor)
	var ops []startedOperation
	for _, w := range []endpoint{importEndpoint, searchEndpoint, reportEndpoint} {
		op := mustStart(t, s, w, withRetention("10m"))
		final[op.id] = s.WaitFor(op.accepted, "Succeeded")
		ops = append(ops, op)
	}
	s.Exec(`UPDATE xforce.tasks SET finished_at = finished_at - interval '9 min 30 s' WHERE retention < '1 h'`)
	await.Always(t, time.Second, "what is kept for half a minute more answers", func() bool {
		return !slices.ContainsFunc(ops, func(op startedOperation) bool {
			return mustGet(t, s, op.accepted.OperationLocation).Status != http.StatusOK
		})
	})
	s.Exec(`UPDATE xforce.tasks SET finished_at = finished_at - interval '30 s' WHERE retention < '1 h'`)
	for _, op := range ops {
		address := op.accepted.OperationLocation
		await.Until(t, recoveryLimit, "the operation to expire", func() bool { return mustGet(t, s, address).Status == http.StatusGone })
		expectTombstoneInAllDialects(t, s, op, "succeeded", final[op.id].Counts)
		s.WaitForSQL(recoveryLimit, "all of it to be cleared away", `SELECT reclaimed_at IS NOT NULL FROM xforce.tasks WHERE task_id = $1`, op.id)
		if left := s.Number(hangsOn, op.id); left != 0 {
			t.Errorf("%d rows of the %s are left", left, op.kind)
		}
		expectTombstoneInAllDialects(t, s, op, "succeeded", final[op.id].Counts)
	}
	s.Exec(`UPDATE xforce.tasks SET expires_at = expires_at - interval '1 h' WHERE NOT is_active`)
	for _, op := range ops {
		address := op.accepted.OperationLocation
		await.Until(t, recoveryLimit, "the tombstone to be deleted", func() bool { return mustGet(t, s, address).Status == http.StatusNotFound })
	}
	s.WaitFor(long.accepted, "Succeeded")
	if records := s.Records(long.accepted, "created"); len(records) != 1 {
		t.Errorf("%d records of the one that is kept are left", len(records))
	}
}

// hangsOn counts the rows that belong to an operation.
const hangsOn = `
SELECT (SELECT count(*) FROM xforce.task_chunks WHERE task_id = $1) + (SELECT count(*) FROM xforce.task_progress WHERE task_id = $1)
  + (SELECT count(*) FROM xforce.task_outputs WHERE task_id = $1) + (SELECT count(*) FROM xforce.task_events WHERE task_id = $1)`

// expectTombstoneInAllDialects asks for what is gone in every dialect that fits, and expects its final counts.
func expectTombstoneInAllDialects(t *testing.T, s *stack.Stack, op startedOperation, state string, counts client.Counts) {
	t.Helper()
	for _, d := range dialects {
		if d.supports(op) {
			expectTombstone(t, s, d.path(op), state, counts)
		}
	}
}

// TestUnpolled: a search that nobody asks for is timed out; asking keeps it, and an import or a report needs nobody.
func TestSearchTimesOutUnpolled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Importers: stack.None, Searchers: stack.None, Reporters: stack.None, Env: []string{"LONGSHORE_POLL_WITHIN=1s"},
	})
	imported, reported := mustStart(t, s, importEndpoint, nil), mustStart(t, s, reportEndpoint, nil)
	forgotten, asked := mustStart(t, s, searchEndpoint, nil), mustStart(t, s, searchEndpoint, nil)
	began := time.Now()
	await.Until(t, recoveryLimit, "the forgotten search to be timed out", func() bool {
		expectInAllDialects(t, s, asked, "waiting")
		return s.Number(`SELECT count(*) FROM xforce.tasks WHERE task_id = $1 AND status = 'timed_out'`, forgotten.id) == 1
	})
	t.Logf("it was timed out after %s", time.Since(began))
	expectInAllDialects(t, s, forgotten, "timed_out")
	for _, op := range []startedOperation{imported, reported} {
		expectInAllDialects(t, s, op, "waiting")
		mustCancel(t, s, op.accepted)
	}
	mustCancel(t, s, asked.accepted)
}
