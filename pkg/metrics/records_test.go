package metrics_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	r := metrics.NewRecords("books")
	r.Count("books", operation.Counts{Created: 3, Failed: 4})
	r.CountRejected("books", map[string]int{"required": 2, "made-up": 1, "made-up-too": 1})
	const want = `
# HELP longshore_records_rejected_total Rejected records, by collection and by the code of the first reason of each.
# TYPE longshore_records_rejected_total counter
longshore_records_rejected_total{collection="books",reason="other"} 2
longshore_records_rejected_total{collection="books",reason="required"} 2
# HELP longshore_records_total Records whose outcome is committed, by collection and outcome.
# TYPE longshore_records_total counter
longshore_records_total{collection="books",outcome="created"} 3
longshore_records_total{collection="books",outcome="failed"} 4
longshore_records_total{collection="books",outcome="superseded"} 0
longshore_records_total{collection="books",outcome="updated"} 0
`
	if err := testutil.CollectAndCompare(r, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
