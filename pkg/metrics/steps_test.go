package metrics_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/job"
)

// TestStepsInHand: a step is in hand from its begin to its end; one whose time is over hangs, and is no sign of work any more;
// nothing bounds the time of the report here.
func TestStepsInHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		steps := metrics.NewSteps()
		expect := func(imports, reports int, oldestImport, oldestReport time.Duration) {
			t.Helper()
			synctest.Wait()
			want := fmt.Sprintf(`
# HELP longshore_oldest_step_seconds How long a worker has had in its hands the oldest of those entries whose time is not over, by the kind of work; 0 if there is none.
# TYPE longshore_oldest_step_seconds gauge
longshore_oldest_step_seconds{kind="import:chunk"} %v
longshore_oldest_step_seconds{kind="import:split"} 0
longshore_oldest_step_seconds{kind="report:step"} %v
longshore_oldest_step_seconds{kind="search:step"} 0
# HELP longshore_steps_in_hand Entries of the queue that a worker has in its hands, by the kind of work.
# TYPE longshore_steps_in_hand gauge
longshore_steps_in_hand{kind="import:chunk"} %d
longshore_steps_in_hand{kind="import:split"} 0
longshore_steps_in_hand{kind="report:step"} %d
longshore_steps_in_hand{kind="search:step"} 0
`, oldestImport.Seconds(), oldestReport.Seconds(), imports, reports)
			if err := testutil.CollectAndCompare(steps, strings.NewReader(want), "longshore_steps_in_hand", "longshore_oldest_step_seconds"); err != nil {
				t.Error(err)
			}
		}
		expect(0, 0, 0, 0)
		bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		first := steps.Begin(bounded, job.Import)
		report := steps.Begin(t.Context(), job.Report)
		time.Sleep(40 * time.Second) // the clock of the bubble
		second := steps.Begin(t.Context(), job.Import)
		expect(2, 1, 40*time.Second, 40*time.Second)
		time.Sleep(20 * time.Second) // the clock of the bubble
		expect(2, 1, 20*time.Second, 60*time.Second)
		second(metrics.StepCommitted)
		expect(1, 1, 0, 60*time.Second)
		first(metrics.StepFailed)
		report(metrics.StepCommitted)
		expect(0, 0, 0, 0)
		if n := testutil.CollectAndCount(steps, "longshore_step_seconds"); n != 3 {
			t.Errorf("%d kinds and results were measured, want 3", n)
		}
	})
}

// TestStepsBeginWithZeros: a rate sees the first failure only if it was zero before.
func TestStepsBeginWithZeros(t *testing.T) {
	t.Parallel()
	if n := testutil.CollectAndCount(metrics.NewSteps(job.Import, job.Split), "longshore_step_seconds"); n != 2*7 {
		t.Errorf("a worker of two kinds shows %d results, not 14", n)
	}
}
