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

// TestLatency times small imports on an idle stack, from the POST to COMPLETED as a client sees it that asks all the time. What the
// product promises is measured by the benchmark, on a machine that does nothing else; here the bound only finds a
// stack that waits for something, such as for the janitor.
func TestLatency(t *testing.T) {
	t.Parallel()
	const imports, bound = 50, 2 * time.Second
	s := stack.Start(t, stack.Options{Importers: 2})
	took := make([]time.Duration, imports)
	for i := range took {
		began := time.Now()
		op := s.SubmitJSON(tool.SampleJSON)
		await.Until(t, time.Minute, "the import to be completed", func() bool { return s.TaskStatus(op).Status == "COMPLETED" })
		took[i] = time.Since(began)
		if i == 0 {
			expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
		}
	}
	slices.Sort(took)
	median := took[imports/2]
	t.Logf("from POST to COMPLETED: median %s, fastest %s, slowest %s", median, took[0], took[imports-1])
	if median > bound {
		t.Errorf("the median is above %s", bound)
	}
}
