package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Unknown methods share one series, and an id that is too long for an exemplar is accepted.
func TestRequestsBegin(t *testing.T) {
	t.Parallel()
	r := NewRequests()
	r.Begin()
	for _, q := range []Request{
		{Method: "POST", Route: "/search", Status: 202, Duration: 3 * time.Millisecond, ID: "r1"},
		{Method: "POST", Route: "/search", Status: 202, Duration: 40 * time.Second, ID: strings.Repeat("x", 128)},
		{Method: "POST", Route: "/search", Status: 503, Refused: true, Duration: time.Millisecond, ID: "r2"},
		{Method: "BREW-1", Route: NoRoute, Status: 404, Duration: time.Millisecond},
		{Method: "BREW-2", Route: NoRoute, Status: ClientLeft, Duration: time.Hour, ID: "r3"},
	} {
		r.Begin()(q)
	}
	want := `
# HELP longshore_http_requests_in_flight Requests that are being processed.
# TYPE longshore_http_requests_in_flight gauge
longshore_http_requests_in_flight 1
# HELP longshore_http_requests_total Finished requests, by method, route pattern (none if no route matches), status (499 if the client disconnected) and whether they were refused for lack of room (true: longshore_admission_rejected_total has the resource).
# TYPE longshore_http_requests_total counter
longshore_http_requests_total{method="POST",refused="false",route="/search",status="202"} 2
longshore_http_requests_total{method="POST",refused="true",route="/search",status="503"} 1
longshore_http_requests_total{method="other",refused="false",route="none",status="404"} 1
longshore_http_requests_total{method="other",refused="false",route="none",status="499"} 1
`
	if err := testutil.CollectAndCompare(r, strings.NewReader(want), "longshore_http_requests_total",
		"longshore_http_requests_in_flight"); err != nil {
		t.Error(err)
	}
	samples := histogramsOf(t, r, "longshore_http_request_seconds")
	if len(samples) != 2 {
		t.Errorf("%d series, want 2", len(samples))
	}
	for _, labels := range []string{"POST /search", "other none"} {
		if got := samples[labels].GetSampleCount(); got < 2 {
			t.Errorf("%d observations of %q, want at least 2", got, labels)
		}
	}
}

func TestRequestsAccepted(t *testing.T) {
	t.Parallel()
	r := NewRequests()
	if got, want := testutil.CollectAndCount(r, "longshore_accept_seconds"), len(operation.Kinds()); got != want {
		t.Errorf("%d series before the first operation, want %d", got, want)
	}
	op := &operation.Operation{ID: uuid.New(), Kind: operation.Import, Collection: "tools"}
	r.Accepted(op, 3*time.Millisecond)
	want := `
# HELP longshore_operations_accepted_total Accepted operations, by kind and collection.
# TYPE longshore_operations_accepted_total counter
longshore_operations_accepted_total{collection="tools",kind="import"} 1
`
	if err := testutil.CollectAndCompare(r, strings.NewReader(want), "longshore_operations_accepted_total"); err != nil {
		t.Error(err)
	}
	exemplar := histogramsOf(t, r, "longshore_accept_seconds")["import"].GetBucket()[2].GetExemplar().GetLabel() // up to 5 ms
	if len(exemplar) != 1 || exemplar[0].GetName() != "operation" || exemplar[0].GetValue() != op.ID.String() {
		t.Errorf("exemplar = %v, want operation %s", exemplar, op.ID)
	}
}

// histogramsOf returns the series of a histogram, by the values of their labels.
func histogramsOf(t *testing.T, c prometheus.Collector, name string) map[string]*dto.Histogram {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := make(map[string]*dto.Histogram)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, sample := range family.GetMetric() {
			var labels []string
			for _, pair := range sample.GetLabel() {
				labels = append(labels, pair.GetValue())
			}
			series[strings.Join(labels, " ")] = sample.GetHistogram()
		}
	}
	return series
}
