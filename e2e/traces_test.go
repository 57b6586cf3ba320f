package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/traces"
)

const (
	// traceLimit bounds the wait for spans, which each service exports every 50 ms here.
	traceLimit = 20 * time.Second
	// tracedValue is part of the records that the tests of traces send. No span may contain it.
	tracedValue = "Hush4711"
	// clientSpan is the id of the client's span.
	clientSpan = "00f067aa0ba902b7"
)

// tracing is a stack whose services send their spans to a receiver.
type tracing struct {
	*stack.Stack

	receiver *traces.Receiver
}

func startTracing(t *testing.T) tracing {
	t.Helper()
	receiver := traces.Start(t)
	return tracing{stack.Start(t, stack.Options{
		Consoles: 1, Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{
			"OTEL_EXPORTER_OTLP_ENDPOINT=" + receiver.URL(), "OTEL_BSP_SCHEDULE_DELAY=50", "LONGSHORE_CHUNK_RECORDS=2",
			"LONGSHORE_LANES=2", "LONGSHORE_IMPORTER_CONCURRENCY=2", "LONGSHORE_MAX_ATTEMPTS=2", "LONGSHORE_DISPATCH_EVERY=200ms",
			"LONGSHORE_TRACE_URL=https://traces.example.com/trace/{trace_id}",
		},
	}), receiver}
}

// TestTraces checks that everything that is done for an operation, by any service and in any attempt,
// is in the trace of the client that started it.
func TestTraces(t *testing.T) {
	t.Parallel()
	s := startTracing(t)
	s.testFailure(t)
	s.testKilledImporter(t)
	s.testSearchAndReport(t)
	s.testMultipart(t)
	s.testProblem(t)
	for _, span := range s.receiver.All() {
		if strings.Contains(span.Text, tracedValue) || strings.Contains(span.Text, "postgres://") {
			t.Errorf("a span contains a value of a record or the address of the database: %s", span.Text)
		}
	}
}

func (s tracing) testKilledImporter(t *testing.T) {
	t.Helper()
	release := s.BlockWrites("xforce.tools")
	op := s.start(t, 2, "/api/tools/import", `[{"tool_id":"T1","tool_name":"`+tracedValue+`","category":"Games"},
		{"tool_id":"T2","tool_name":"`+tracedValue+`","category":"Games"},{"tool_id":"T3","tool_name":"`+tracedValue+`","category":"Games"}]`)
	s.WaitForSQL(traceLimit, "both steps to be blocked", `SELECT count(*) = 2 FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'longshore-importer' AND wait_event_type = 'Lock'`)
	s.KillImporter(0)
	release() // only then do the sessions of the killed importer notice its end
	s.await(t, op.trace, "the janitor's rescue of both chunks", func(spans []traces.Span) bool {
		return count(spans, "longshore-janitor", "rescue") == 2
	})
	_, page := requestConsole(t, http.MethodGet, s.Console()+"/operations/"+op.ID, "")
	if want := "https://traces.example.com/trace/" + op.trace; !strings.Contains(page, want) {
		t.Errorf("the console's page does not contain %s:\n%s", want, page)
	}
	s.StartImporter(0)
	s.WaitFor(op.Accepted, "Succeeded")
	spans := s.await(t, op.trace, "both steps", func(spans []traces.Span) bool {
		return count(spans, "longshore-importer", "import:chunk") == 2
	})
	expectTree(t, spans)
	expectSpans(t, spans, "longshore-api POST /api/:collection/import", "longshore-api stage", "longshore-api seal", "longshore-api dispatch",
		"longshore-api COMMIT", "longshore-api evalsha", "longshore-importer import:chunk")
	for _, span := range spans {
		if span.Name != "import:chunk" {
			continue
		}
		if span.Attributes["longshore.attempt"] != "2" || span.Attributes["longshore.result"] != "committed" ||
			span.Attributes["longshore.operation"] != op.ID || span.Attributes["longshore.postgres.calls"] == "" || len(span.Links) != 1 {
			t.Errorf("step after a killed importer = %+v, want committed attempt 2 of operation %s with calls to Postgres and a link", span, op.ID)
		}
	}
	for _, service := range []string{"api", "importer", "janitor"} {
		if lines := s.LogLines(service, "operation="+op.ID, "trace_id="+op.trace); len(lines) == 0 {
			t.Errorf("the log of the %s has no line with the operation and its trace", service)
		}
	}
}

func (s tracing) testSearchAndReport(t *testing.T) {
	t.Helper()
	search := s.start(t, 3, "/search", `{"collection":"tools","query":"`+tracedValue+`"}`)
	report := s.start(t, 4, "/start-report", `{"report":"records","collection":"tools","format":"csv"}`)
	s.WaitFor(search.Accepted, "Succeeded")
	s.WaitFor(report.Accepted, "Succeeded")
	expectTree(t, s.await(t, search.trace, "a step of the search", func(spans []traces.Span) bool {
		return count(spans, "longshore-searcher", "search:step") > 0 && count(spans, "longshore-api", "POST /search") == 1
	}))
	expectTree(t, s.await(t, report.trace, "the steps of the report", func(spans []traces.Span) bool {
		return count(spans, "longshore-reporter", "report:step") == 3 && count(spans, "longshore-api", "POST /start-report") == 1
	}))
}

func (s tracing) testMultipart(t *testing.T) {
	t.Helper()
	header := http.Header{"Traceparent": {traceparent(5)}}
	u := startMultipartUpload(t, s.Stack, "application/json", header)
	u.mustPut(t, s.Stack, 1, []byte(`[{"tool_id":"T9","tool_name":"`+tracedValue+`","category":"Games"}]`))
	s.WaitFor(u.finish(t, s.Stack), "Succeeded")
	expectSpans(t, s.await(t, traceID(5), "the split and the step", func(spans []traces.Span) bool {
		return count(spans, "longshore-importer", "import:chunk") > 0
	}), "longshore-importer import:split")
}

// testFailure checks the trace of an import whose statements are cancelled, which fails every attempt.
func (s tracing) testFailure(t *testing.T) {
	t.Helper()
	failImports(s.Stack, "spoons")
	op := s.start(t, 1, "/api/spoons/import", `[{"id": 1}]`)
	s.WaitFor(op.Accepted, "Failed")
	spans := s.await(t, op.trace, "two attempts", func(spans []traces.Span) bool {
		return count(spans, "longshore-importer", "import:chunk") == 2
	})
	letImports(s.Stack, "spoons")
	expectTree(t, spans)
	var results []string
	for _, span := range spans {
		if span.Name == "import:chunk" {
			results = append(results, span.Attributes["longshore.attempt"]+" "+span.Attributes["longshore.result"]+" "+span.Attributes["longshore.reason"])
		}
	}
	if got, want := strings.Join(results, ", "), "1 failed attempt 1 of 2 failed, 2 failed_internal ChunkAbandoned"; got != want {
		t.Errorf("attempts = %s, want %s", got, want)
	}
}

func (s tracing) testProblem(t *testing.T) {
	t.Helper()
	resp, err := s.Client().Do(t.Context(), http.MethodPost, "/api/nothing/import", client.RequestBody{Header: http.Header{"Traceparent": {traceparent(7)}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `"trace_id":"` + traceID(7) + `"`; !strings.Contains(string(resp.Body), want) {
		t.Errorf("problem = %s, want it to contain %s", resp.Body, want)
	}
}

// traceID returns the id of the nth trace, traceparent the header that names it.
func traceID(n int) string     { return fmt.Sprintf("4bf92f3577b34da6a3ce929d0e0e%04x", n) }
func traceparent(n int) string { return "00-" + traceID(n) + "-" + clientSpan + "-01" }

// tracedOperation is an operation with the id of its trace.
type tracedOperation struct {
	client.Accepted

	trace string
}

// start starts an operation in the nth trace, and checks that the answer names the trace.
func (s tracing) start(t *testing.T, n int, path, body string) tracedOperation {
	t.Helper()
	resp, err := s.Client().Do(t.Context(), http.MethodPost, path, client.RequestBody{
		Type: "application/json", Header: http.Header{"Traceparent": {traceparent(n)}}, Content: []byte(body),
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Status/100 != 2 {
		t.Fatalf("POST %s = %d: %s, want 2xx", path, resp.Status, resp.Body)
	}
	if got := resp.Header.Get("Traceparent"); !strings.HasPrefix(got, "00-"+traceID(n)+"-") || strings.Contains(got, clientSpan) {
		t.Errorf("POST %s: traceparent = %q, want a span of trace %s", path, got, traceID(n))
	}
	location := resp.Header.Get("Operation-Location")
	return tracedOperation{client.Accepted{OperationLocation: location, ID: location[strings.LastIndex(location, "/")+1:]}, traceID(n)}
}

// await waits until the spans of a trace meet a condition, and returns them.
func (s tracing) await(t *testing.T, trace, description string, complete func([]traces.Span) bool) (spans []traces.Span) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			for _, span := range s.receiver.Of(trace) {
				t.Logf("trace %s: %s %s %v", trace, span.Service, span.Name, span.Attributes)
			}
		}
	})
	await.Until(t, traceLimit, "the spans of "+description, func() bool {
		spans = s.receiver.Of(trace)
		return complete(spans)
	})
	return spans
}

func count(spans []traces.Span, service, name string) (n int) {
	for _, span := range spans {
		if span.Service == service && span.Name == name {
			n++
		}
	}
	return n
}

// expectTree checks that every span has its parent in the trace, up to the client's span.
func expectTree(t *testing.T, spans []traces.Span) {
	t.Helper()
	known := map[string]bool{clientSpan: true}
	for _, span := range spans {
		known[span.ID] = true
	}
	for _, span := range spans {
		if !known[span.Parent] {
			t.Errorf("the parent %q of the span %s %s is not in the trace", span.Parent, span.Service, span.Name)
		}
	}
}

// expectSpans checks that the trace has a span of each "service name".
func expectSpans(t *testing.T, spans []traces.Span, want ...string) {
	t.Helper()
	var got []string
	for _, span := range spans {
		got = append(got, span.Service+" "+span.Name)
	}
	for _, one := range want {
		if !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+one+"\n") {
			t.Errorf("the trace has no span %s, only:\n%s", one, strings.Join(got, "\n"))
		}
	}
}
