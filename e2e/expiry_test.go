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

// expireOften makes the janitor delete expired operations ten times a second.
const expireOften = "LONGSHORE_EXPIRE_EVERY=100ms"

// withRetention returns the header that sets the retention of an operation.
func withRetention(retention string) http.Header {
	return http.Header{"Longshore-Retention": {retention}}
}

// TestRetentionBounds checks that an invalid retention is rejected, and that the response contains
// the limits.
func TestRetentionBounds(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_MAX_RETENTION=300h"}})
	const minDefault, maxDefault, minSearch, maxSearch = 10 * time.Minute, 300 * time.Hour, 5 * time.Minute, 7 * 24 * time.Hour
	for _, test := range []struct {
		name      string
		endpoint  endpoint
		retention string
		min, max  time.Duration
	}{
		{"below_min", importEndpoint, "599", minDefault, maxDefault},
		{"above_max", importEndpoint, "301h", minDefault, maxDefault},
		{"negative", importEndpoint, "-15m", minDefault, maxDefault},
		{"text", importEndpoint, "for ever", minDefault, maxDefault},
		{"overflow", importEndpoint, "99999999999999999999", minDefault, maxDefault},
		{"search_below_min", searchEndpoint, "4m", minSearch, maxSearch},
		{"search_above_max", searchEndpoint, "8d", minSearch, maxSearch},
		{"report_below_min", reportEndpoint, "1m", minDefault, maxDefault},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := s.Client().Do(t.Context(), http.MethodPost, test.endpoint.path, client.RequestBody{
				Type: "application/json", Header: withRetention(test.retention), Content: test.endpoint.body,
			})
			if err != nil {
				t.Fatal(err)
			}
			p, err := response.Problem()
			if err != nil || p.Status != http.StatusBadRequest || p.Code() != "invalid-retention" ||
				p.MinSeconds != int(test.min.Seconds()) || p.MaxSeconds != int(test.max.Seconds()) {
				t.Errorf("retention %q: got %d %s, want 400 invalid-retention with %s to %s: %v",
					test.retention, response.Status, response.Body, test.min, test.max, err)
			}
		})
	}
	if got := s.Number(`SELECT count(*) FROM xforce.tasks`); got != 0 {
		t.Errorf("got %d operations, want 0", got)
	}
}

// TestExpiry checks that an import, a search and a report expire after their retention, and that
// their tombstones are deleted later. Instead of waiting, it changes the times of the operations.
func TestExpiry(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{expireOften, "LONGSHORE_TOMBSTONE_RETENTION=1h"}})
	kept := mustStart(t, s, importEndpoint, nil)
	s.WaitFor(kept.accepted, "Succeeded")
	final := make(map[string]client.Monitor)
	var ops []startedOperation
	for _, e := range []endpoint{importEndpoint, searchEndpoint, reportEndpoint} {
		op := mustStart(t, s, e, withRetention("10m"))
		final[op.id] = s.WaitFor(op.accepted, "Succeeded")
		ops = append(ops, op)
	}
	s.Exec(`UPDATE xforce.tasks SET finished_at = finished_at - interval '9 min 30 s' WHERE retention < '1 h'`)
	await.Always(t, time.Second, "operations that expire in half a minute to answer", func() bool {
		return !slices.ContainsFunc(ops, func(op startedOperation) bool {
			return mustGet(t, s, op.accepted.OperationLocation).Status != http.StatusOK
		})
	})
	s.Exec(`UPDATE xforce.tasks SET finished_at = finished_at - interval '30 s' WHERE retention < '1 h'`)
	for _, op := range ops {
		url := op.accepted.OperationLocation
		await.Until(t, recoveryLimit, "the operation to expire", func() bool { return mustGet(t, s, url).Status == http.StatusGone })
		expectTombstoneInAllDialects(t, s, op, "succeeded", final[op.id].Counts)
		s.WaitForSQL(recoveryLimit, "the dependent rows to be deleted",
			`SELECT reclaimed_at IS NOT NULL FROM xforce.tasks WHERE task_id = $1`, op.id)
		if got := s.Number(countDependents, op.id); got != 0 {
			t.Errorf("got %d dependent rows of the %s, want 0", got, op.kind)
		}
		expectTombstoneInAllDialects(t, s, op, "succeeded", final[op.id].Counts)
	}
	s.Exec(`UPDATE xforce.tasks SET expires_at = expires_at - interval '1 h' WHERE NOT is_active`)
	for _, op := range ops {
		url := op.accepted.OperationLocation
		await.Until(t, recoveryLimit, "the tombstone to be deleted", func() bool { return mustGet(t, s, url).Status == http.StatusNotFound })
	}
	s.WaitFor(kept.accepted, "Succeeded")
	if records := s.Records(kept.accepted, "created"); len(records) != 1 {
		t.Errorf("got %d records of the import that is not expired, want 1", len(records))
	}
}

// countDependents counts the dependent rows of an operation.
const countDependents = `
SELECT (SELECT count(*) FROM xforce.task_chunks WHERE task_id = $1) + (SELECT count(*) FROM xforce.task_progress WHERE task_id = $1)
  + (SELECT count(*) FROM xforce.task_outputs WHERE task_id = $1) + (SELECT count(*) FROM xforce.task_events WHERE task_id = $1)`

// expectTombstoneInAllDialects checks that an operation answers 410 with its final counts in every
// dialect of its kind.
func expectTombstoneInAllDialects(t *testing.T, s *stack.Stack, op startedOperation, state string, counts client.Counts) {
	t.Helper()
	for _, d := range dialects {
		if d.supports(op) {
			expectTombstone(t, s, d.path(op), state, counts)
		}
	}
}

// TestSearchTimesOutUnpolled checks that a search that is not polled is timed out. Polling keeps
// it, and imports and reports need no polls.
func TestSearchTimesOutUnpolled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Importers: stack.None, Searchers: stack.None, Reporters: stack.None, Env: []string{"LONGSHORE_POLL_WITHIN=1s"},
	})
	imported, reported := mustStart(t, s, importEndpoint, nil), mustStart(t, s, reportEndpoint, nil)
	unpolled, polled := mustStart(t, s, searchEndpoint, nil), mustStart(t, s, searchEndpoint, nil)
	start := time.Now()
	await.Until(t, recoveryLimit, "the unpolled search to be timed out", func() bool {
		expectInAllDialects(t, s, polled, "waiting")
		return s.Number(`SELECT count(*) FROM xforce.tasks WHERE task_id = $1 AND status = 'timed_out'`, unpolled.id) == 1
	})
	t.Logf("timed out after %s", time.Since(start))
	expectInAllDialects(t, s, unpolled, "timed_out")
	for _, op := range []startedOperation{imported, reported} {
		expectInAllDialects(t, s, op, "waiting")
		mustCancel(t, s, op.accepted)
	}
	mustCancel(t, s, polled.accepted)
}
