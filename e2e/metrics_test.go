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

// TestRequestMetricsLogsAndLinks looks at requests as those do who watch the api: in its metrics, in the logs by the id of the request, and in the
// console that the responses lead to.
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
		t.Fatalf("%s: %+v, %v", address, resp, err)
	}
	return resp
}

// expectRequestMetrics wants the two imports, one of which was cancelled, and the address that there is not, and no series by what clients wrote.
func expectRequestMetrics(t *testing.T, s *stack.Stack, cancelled client.Accepted, request string) {
	t.Helper()
	const route = "/api/:collection/import"
	shown := s.Metrics("api")
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
		if got := shown.Value(want.name, want.labels...); got != want.value {
			t.Errorf("%s%q is %v, not %v", want.name, want.labels, got, want.value)
		}
	}
	if ids := shown.Exemplars("operation", "longshore_operations_finished_total", "state", "cancelled"); !slices.Contains(ids, cancelled.ID) {
		t.Errorf("of what was cancelled the exemplars name %q", ids)
	}
	if ids := shown.Exemplars("request_id", "longshore_http_request_seconds", "route", route); !slices.Contains(ids, request) {
		t.Errorf("of the imports the exemplars name %q", ids)
	}
	for _, family := range shown {
		for _, sample := range family.GetMetric() {
			for _, label := range sample.GetLabel() {
				if strings.Contains(label.GetValue(), "nothing") || strings.Contains(label.GetValue(), cancelled.ID) {
					t.Errorf("%s has a series %s", family.GetName(), label)
				}
			}
		}
	}
}

// expectLogged wants the request and its operation in a line of every service that had to do with it.
func expectLogged(t *testing.T, s *stack.Stack, op client.Accepted, request string) {
	t.Helper()
	for _, service := range []string{"api", "importer"} {
		await.Until(t, 10*time.Second, "the log of the "+service+" to tell of request "+request+" and operation "+op.ID, func() bool { // just after the commit
			return len(s.LogLines(service, "request_id="+request, "operation="+op.ID)) > 0
		})
	}
	if lines := s.LogLines("api", "request served", request); len(lines) != 1 || !strings.Contains(lines[0], "status=202") {
		t.Errorf("the request is told of by %q", lines)
	}
	if lines := s.LogLines("api", "hidden"); len(lines) != 0 {
		t.Errorf("the log tells of a query: %q", lines)
	}
}

// expectConsoleLinks wants the way to the console in every dialect, and not where no operation is.
func expectConsoleLinks(t *testing.T, s *stack.Stack, op client.Accepted) {
	t.Helper()
	want := `<https://console.example/base/operations/` + op.ID + `>; rel="related"; title="console"`
	number := s.Number(`SELECT number FROM xforce.tasks WHERE task_id = $1`, op.ID)
	for _, address := range []string{op.Location, op.OperationLocation, "/v1/operations/" + op.ID, "/tasks/" + strconv.Itoa(number), "/status/" + op.ID} {
		if links := expectStatus(t, s, address, http.StatusOK).Header.Values("Link"); !slices.Contains(links, want) {
			t.Errorf("%s links to %q", address, links)
		}
	}
	for address, status := range map[string]int{
		"/search/status/" + op.ID: http.StatusNotFound, "/report-status/" + strconv.Itoa(number): http.StatusNotFound, "/operations": http.StatusOK,
	} {
		if links := expectStatus(t, s, address, status).Header.Values("Link"); len(links) != 0 {
			t.Errorf("%s links to %q", address, links)
		}
	}
}
