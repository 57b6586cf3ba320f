package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// maxSmallImportTime is the maximum median time of an import of ten records, whatever else runs.
const maxSmallImportTime = 2 * time.Second

// TestFairness posts imports of ten records while a big import is received, and while it is
// processed.
func TestFairness(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2})
	stream := bigStream(bigRecords(t))
	received := make(chan client.Accepted, 1)
	go func() {
		op, err := s.Client().ImportStream(t.Context(), "tools", "application/x-ndjson", stream)
		if err != nil {
			t.Error(err)
		}
		received <- op
	}()
	s.WaitForSQL(bigTimeout, "some chunks of the upload to be staged", `SELECT count(*) > 20 FROM xforce.task_chunks`)
	expectQuickImports(t, s, "while the big import is received", 100_000_000)
	op := <-received
	if t.Failed() {
		return
	}
	waitForTenth(s, op)
	expectQuickImports(t, s, "while the big import is processed", 200_000_000)
	s.MustBeUnfinished(op)
	mustCancel(t, s, op)
}

// expectQuickImports posts ten imports of ten records, whose numbers begin with first, and checks
// the median of the times until they are Succeeded.
func expectQuickImports(t *testing.T, s *stack.Stack, when string, first int) {
	t.Helper()
	const imports, records = 10, 10
	times := make([]time.Duration, imports)
	for i := range times {
		body := tool.NDJSON(records, func(n int) tool.Tool { return tool.Numbered(first + i*records + n) })
		start := time.Now()
		op := s.SubmitLines(body)
		m := s.Watch(op)("Succeeded")
		times[i] = time.Since(start)
		if m.Counts.Total != records || m.Counts.Unprocessed != 0 {
			t.Errorf("got the counts %+v, want %d records and none unprocessed", m.Counts, records)
		}
	}
	slices.Sort(times)
	median := times[imports/2]
	t.Logf("%s, ten records took: median %s, min %s, max %s", when, median, times[0], times[imports-1])
	if median > maxSmallImportTime {
		t.Errorf("%s: got a median of %s, want at most %s", when, median, maxSmallImportTime)
	}
}
