package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/operation"
)

// TestRequestsAreMeasured: the method of a client's own invention does not become a series of its own, and an id that is too long for an
// exemplar does no harm.
func TestRequestsAreMeasured(t *testing.T) {
	t.Parallel()
	r := NewRequests()
	r.Begin()
	for _, a := range []Answered{
		{Method: "POST", Route: "/search", Status: 202, Took: 3 * time.Millisecond, ID: "r1"},
		{Method: "POST", Route: "/search", Status: 202, Took: 40 * time.Second, ID: strings.Repeat("x", 128)},
		{Method: "BREW-1", Route: NoRoute, Status: 404, Took: time.Millisecond},
		{Method: "BREW-2", Route: NoRoute, Status: ClientLeft, Took: time.Hour, ID: "r3"},
	} {
		r.Begin()(a)
	}
	want := `
# HELP longshore_http_requests_in_flight Requests that are being answered.
# TYPE longshore_http_requests_in_flight gauge
longshore_http_requests_in_flight 1
# HELP longshore_http_requests_total Requests that were answered, by the route's pattern (none if there is no route) and status (499 if the client left).
# TYPE longshore_http_requests_total counter
longshore_http_requests_total{method="POST",route="/search",status="202"} 2
longshore_http_requests_total{method="other",route="none",status="404"} 1
longshore_http_requests_total{method="other",route="none",status="499"} 1
`
	if err := testutil.CollectAndCompare(r, strings.NewReader(want), "longshore_http_requests_total", "longshore_http_requests_in_flight"); err != nil {
		t.Error(err)
	}
	samples := histogramOf(t, r, "longshore_http_request_seconds")
	if n := samples["POST /search"]; n != 2 || samples["other none"] != 2 {
		t.Errorf("the histogram counted %v", samples)
	}
	if n := testutil.CollectAndCount(r, "longshore_http_request_seconds"); n != 2 {
		t.Errorf("there are %d series", n)
	}
}

// TestOperationsAreCountedWhenAccepted: each kind is there before the first, and the last of each bucket is named.
func TestOperationsAreCountedWhenAccepted(t *testing.T) {
	t.Parallel()
	r := NewRequests()
	if n := testutil.CollectAndCount(r, "longshore_accept_seconds"); n != len(operation.Kinds()) {
		t.Errorf("%d kinds before the first operation", n)
	}
	op := &operation.Operation{ID: uuid.New(), Kind: operation.Import, Collection: "tools"}
	r.Accepted(op, 3*time.Millisecond)
	want := `
# HELP longshore_operations_accepted_total Operations that were accepted, by kind and collection.
# TYPE longshore_operations_accepted_total counter
longshore_operations_accepted_total{collection="tools",kind="import"} 1
`
	if err := testutil.CollectAndCompare(r, strings.NewReader(want), "longshore_operations_accepted_total"); err != nil {
		t.Error(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(r)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, sample := range family.GetMetric() {
			if sample.GetHistogram().GetSampleCount() == 0 {
				continue
			}
			named := sample.GetHistogram().GetBucket()[2].GetExemplar().GetLabel() // up to 5 ms
			if len(named) != 1 || named[0].GetName() != "operation" || named[0].GetValue() != op.ID.String() {
				t.Errorf("the exemplar is %v", named)
			}
		}
	}
}

// histogramOf returns how many observations the series of a histogram have, by the values of their labels.
func histogramOf(t *testing.T, c prometheus.Collector, name string) map[string]uint64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]uint64)
	for _, family := range families {
		for _, sample := range family.GetMetric() {
			var labels []string
			for _, pair := range sample.GetLabel() {
				labels = append(labels, pair.GetValue())
			}
			if family.GetName() == name {
				counts[strings.Join(labels, " ")] = sample.GetHistogram().GetSampleCount()
			}
		}
	}
	return counts
}
