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

// faultRecords is how many records searches and reports look through: several steps of a search.
const faultRecords = 20_000

// TestSearchesAndReportsSurviveFaults does harm to Redis, to the searcher and to the reporter while searches and reports are in the middle of a step and
// more of them wait in the queue. All of them must finish, with everything that there is to be found.
func TestSearchesAndReportsSurviveFaults(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	s.WaitFor(s.SubmitLines(tool.NDJSON(faultRecords, tool.Numbered)), "Succeeded")
	for _, fault := range []struct {
		name string
		harm func(*stack.Stack)
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
			s.WaitForSQL(recoveryLimit, "steps to be in their middle", `SELECT count(DISTINCT application_name) = 2 FROM pg_stat_activity
				WHERE datname = current_database() AND application_name IN ('longshore-searcher', 'longshore-reporter') AND wait_event_type = 'Lock'`)
			fault.harm(s)
			after := time.Now()
			release()
			var longest time.Duration
			for _, op := range ops {
				longest = max(longest, s.WaitFor(op.accepted, "Succeeded").Finished.Sub(after))
				expectComplete(t, s, op)
			}
			t.Logf("after the fault it took %s", longest)
			if longest > recoveryLimit+maxLongImport {
				t.Errorf("it took %s", longest)
			}
		})
	}
}

// mustStartWith begins a search or a report.
func mustStartWith(t *testing.T, s *stack.Stack, w endpoint, body string) startedOperation {
	t.Helper()
	op, err := startOperation(t.Context(), s, w, client.RequestBody{Type: "application/json", Content: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// expectComplete looks whether a search found as many records as it was to, and whether a report holds all.
func expectComplete(t *testing.T, s *stack.Stack, op startedOperation) {
	t.Helper()
	var shown struct {
		Counts       struct{ Returned int }
		DownloadLink string `json:"download_link"`
	}
	resp := mustGet(t, s, dialectOf(op).path(op))
	if err := json.Unmarshal(resp.Body, &shown); err != nil {
		t.Fatal(err)
	}
	if op.kind == searchEndpoint.kind {
		if shown.Counts.Returned != 1000 {
			t.Errorf("the search found %d records", shown.Counts.Returned)
		}
		return
	}
	file := mustGet(t, s, shown.DownloadLink)
	if lines := bytes.Count(file.Body, []byte("\n")); file.Status != http.StatusOK || lines != faultRecords {
		t.Errorf("GET %s: status %d, %d records", shown.DownloadLink, file.Status, lines)
	}
}

// dialectOf is the dialect in which an operation was begun.
func dialectOf(op startedOperation) dialect {
	return dialectNamed(map[string]string{"import": "tools", "search": "search", "report": "location"}[op.kind])
}
