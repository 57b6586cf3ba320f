package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// faultRecords is the number of records that searches and reports read: several steps of a search.
const faultRecords = 20_000

// TestSearchesAndReportsSurviveFaults injects faults into Redis, Postgres, the searcher and the
// reporter while searches and reports run and others are queued. All of them must succeed with
// complete results.
func TestSearchesAndReportsSurviveFaults(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	s.WaitFor(s.SubmitLines(tool.NDJSON(faultRecords, tool.Numbered)), "Succeeded")
	for _, fault := range []struct {
		name   string
		inject func(*stack.Stack)
	}{
		{"flushed_redis", (*stack.Stack).FlushRedis},
		{"killed_redis", func(s *stack.Stack) { s.KillRedis(); s.StartRedis() }},
		{"killed_searcher", func(s *stack.Stack) { s.KillSearcher(0); s.StartSearcher(0) }},
		{"killed_reporter", func(s *stack.Stack) { s.KillReporter(0); s.StartReporter(0) }},
		{"ended_sessions", func(s *stack.Stack) {
			for range 5 {
				s.TerminateSession()
			}
		}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			s := s.WithTB(t)
			release := s.BlockReads("xforce.tools")
			var ops []startedOperation
			for range 4 {
				ops = append(ops,
					mustStartWith(t, s, searchEndpoint, `{"collection":"tools","sort":["-tool_id"],"limit":1000}`),
					mustStartWith(t, s, searchEndpoint, `{"collection":"tools","limit":1000}`),
					mustStartWith(t, s, reportEndpoint, `{"report":"records","collection":"tools","format":"ndjson"}`))
			}
			s.WaitForSQL(recoveryLimit, "a step of each service to be blocked", `SELECT count(DISTINCT application_name) = 2 FROM pg_stat_activity
				WHERE datname = current_database() AND application_name IN ('longshore-searcher', 'longshore-reporter') AND wait_event_type = 'Lock'`)
			fault.inject(s)
			injected := time.Now()
			release()
			var longest time.Duration
			for _, op := range ops {
				longest = max(longest, s.WaitFor(op.accepted, "Succeeded").Finished.Sub(injected))
				expectComplete(t, s, op)
			}
			t.Logf("the last operation finished %s after the fault", longest)
			if longest > recoveryLimit+maxLongImport {
				t.Errorf("the last operation finished %s after the fault, want at most %s", longest, recoveryLimit+maxLongImport)
			}
		})
	}
}

// mustStartWith starts a search or a report with a JSON body.
func mustStartWith(t *testing.T, s *stack.Stack, w endpoint, body string) startedOperation {
	t.Helper()
	op, err := startOperation(t.Context(), s, w, client.RequestBody{Type: "application/json", Content: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// expectComplete expects a search to have returned 1000 records, and a report's file to have all.
func expectComplete(t *testing.T, s *stack.Stack, op startedOperation) {
	t.Helper()
	var status struct {
		Counts       struct{ Returned int }
		DownloadLink string `json:"download_link"`
	}
	resp := mustGet(t, s, dialectOf(op).path(op))
	if err := json.Unmarshal(resp.Body, &status); err != nil {
		t.Fatal(err)
	}
	if op.kind == searchEndpoint.kind {
		if status.Counts.Returned != 1000 {
			t.Errorf("search returned %d records, want 1000", status.Counts.Returned)
		}
		return
	}
	file := mustGet(t, s, status.DownloadLink)
	if lines := bytes.Count(file.Body, []byte("\n")); file.Status != http.StatusOK || lines != faultRecords {
		t.Errorf("GET %s: status %d with %d records, want 200 with %d", status.DownloadLink, file.Status, lines, faultRecords)
	}
}

// dialectOf returns the dialect in which an operation was started.
func dialectOf(op startedOperation) dialect {
	return dialectNamed(map[string]string{"import": "tools", "search": "search", "report": "location"}[op.kind])
}
