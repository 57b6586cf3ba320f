package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestLatency measures small imports on an idle stack, from the POST to COMPLETED, with a client
// that polls all the time. The benchmark measures exact times on an idle machine; the limit of this
// test only detects a stack that waits for something, such as for the janitor.
func TestLatency(t *testing.T) {
	t.Parallel()
	const imports, maxMedian = 50, 2 * time.Second
	s := stack.Start(t, stack.Options{Importers: 2})
	times := make([]time.Duration, imports)
	for i := range times {
		start := time.Now()
		op := s.SubmitJSON(tool.SampleJSON)
		await.Until(t, time.Minute, "the import to be completed", func() bool { return s.TaskStatus(op).Status == "COMPLETED" })
		times[i] = time.Since(start)
		if i == 0 {
			expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
		}
	}
	slices.Sort(times)
	median := times[imports/2]
	t.Logf("from POST to COMPLETED: median %s, min %s, max %s", median, times[0], times[imports-1])
	if median > maxMedian {
		t.Errorf("got a median of %s, want at most %s", median, maxMedian)
	}
}
