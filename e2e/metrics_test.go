package e2e_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestRequestMetricsLogsAndLinks checks what an operator sees of requests: metrics, log lines by
// request id, and links to the console.
func TestRequestMetricsLogsAndLinks(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CONSOLE_URL=https://console.example/base/"}})
	const request = "lighthouse-1"

	s.FreezeImporter(0)
	stopped := s.SubmitJSON(tool.SampleJSON)
	mustCancel(t, s, stopped)
	s.ThawImporter(0)
	done := s.Submit("tools", client.RequestBody{
		Type: "application/json", Content: tool.SampleJSON, Header: http.Header{"X-Request-Id": {request}},
	})
	s.WaitFor(done, "Succeeded")
	expectStatus(t, s, "/nothing/"+done.ID+"?key=hidden", http.StatusNotFound)

	expectRequestMetrics(t, s, stopped, request)
	expectLogged(t, s, done, request)
	expectConsoleLinks(t, s, done)
}

func expectStatus(t *testing.T, s *stack.Stack, address string, status int) *client.Response {
	t.Helper()
	resp, err := s.Client().Get(t.Context(), address)
	if err != nil || resp.Status != status {
		t.Fatalf("GET %s: got %+v (%v), want status %d", address, resp, err, status)
	}
	return resp
}

// expectRequestMetrics expects the metrics of two imports, one of them cancelled, and of one
// unknown address, and no label value that a client chose.
func expectRequestMetrics(t *testing.T, s *stack.Stack, cancelled client.Accepted, request string) {
	t.Helper()
	const route = "/api/:collection/import"
	metrics := s.Metrics("api")
	for _, want := range []struct {
		value  float64
		name   string
		labels []string
	}{
		{2, "longshore_http_requests_total", []string{"method", "POST", "route", route, "status", "202"}},
		{1, "longshore_http_requests_total", []string{"method", "GET", "route", "none", "status", "404"}},
		{2, "longshore_http_request_seconds", []string{"method", "POST", "route", route}},
		{0, "longshore_http_requests_in_flight", nil},
		{2, "longshore_operations_accepted_total", []string{"kind", "import", "collection", "tools"}},
		{2, "longshore_accept_seconds", []string{"kind", "import"}},
		{1, "longshore_operations_finished_total", []string{"kind", "import", "state", "cancelled"}},
	} {
		if got := metrics.Value(want.name, want.labels...); got != want.value {
			t.Errorf("%s%q = %v, want %v", want.name, want.labels, got, want.value)
		}
	}
	ids := metrics.Exemplars("operation", "longshore_operations_finished_total", "state", "cancelled")
	if !slices.Contains(ids, cancelled.ID) {
		t.Errorf("exemplars of cancelled operations are %q, want %q among them", ids, cancelled.ID)
	}
	ids = metrics.Exemplars("request_id", "longshore_http_request_seconds", "route", route)
	if !slices.Contains(ids, request) {
		t.Errorf("exemplars of import requests are %q, want %q among them", ids, request)
	}
	for _, family := range metrics {
		for _, sample := range family.GetMetric() {
			for _, label := range sample.GetLabel() {
				if strings.Contains(label.GetValue(), "nothing") || strings.Contains(label.GetValue(), cancelled.ID) {
					t.Errorf("%s has the label %s, want no label value from a client", family.GetName(), label)
				}
			}
		}
	}
}

// expectLogged expects a log line with the request id and the operation id in every service that
// took part, one request log line, and no query string.
func expectLogged(t *testing.T, s *stack.Stack, op client.Accepted, request string) {
	t.Helper()
	for _, service := range []string{"api", "importer"} {
		await.Until(t, 10*time.Second, service+" to log request "+request+" with operation "+op.ID, func() bool { // it logs just after the commit
			return len(s.LogLines(service, "request_id="+request, "operation="+op.ID)) > 0
		})
	}
	if lines := s.LogLines("api", "request served", request); len(lines) != 1 || !strings.Contains(lines[0], "status=202") {
		t.Errorf("request log lines are %q, want one with status=202", lines)
	}
	if lines := s.LogLines("api", "hidden"); len(lines) != 0 {
		t.Errorf("log lines contain a query string: %q, want none", lines)
	}
}

// expectConsoleLinks expects a link to the console in every dialect's status, and none in errors
// and lists.
func expectConsoleLinks(t *testing.T, s *stack.Stack, op client.Accepted) {
	t.Helper()
	want := `<https://console.example/base/operations/` + op.ID + `>; rel="related"; title="console"`
	number := s.Number(`SELECT number FROM xforce.tasks WHERE task_id = $1`, op.ID)
	for _, address := range []string{
		op.Location, op.OperationLocation, "/v1/operations/" + op.ID, "/tasks/" + strconv.Itoa(number),
		"/status/" + op.ID,
	} {
		if links := expectStatus(t, s, address, http.StatusOK).Header.Values("Link"); !slices.Contains(links, want) {
			t.Errorf("Link of %s is %q, want %q among them", address, links, want)
		}
	}
	for address, status := range map[string]int{
		"/search/status/" + op.ID: http.StatusNotFound, "/report-status/" + strconv.Itoa(number): http.StatusNotFound,
		"/operations": http.StatusOK,
	} {
		if links := expectStatus(t, s, address, status).Header.Values("Link"); len(links) != 0 {
			t.Errorf("Link of %s is %q, want none", address, links)
		}
	}
}
