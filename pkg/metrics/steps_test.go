package metrics_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
)

// A step that exceeds its deadline is still running, but does not count for the oldest step. The
// report step here has no deadline.
func TestStepsBegin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		steps := metrics.NewSteps()
		check := func(imports, reports int, oldestImport, oldestReport time.Duration) {
			t.Helper()
			synctest.Wait()
			want := fmt.Sprintf(`
# HELP longshore_oldest_step_seconds Age of the oldest running step that is still within its deadline, by kind of step; 0 if there is none.
# TYPE longshore_oldest_step_seconds gauge
longshore_oldest_step_seconds{kind="import:chunk"} %v
longshore_oldest_step_seconds{kind="import:split"} 0
longshore_oldest_step_seconds{kind="report:step"} %v
longshore_oldest_step_seconds{kind="search:step"} 0
# HELP longshore_steps_running Steps that are running, by kind of step.
# TYPE longshore_steps_running gauge
longshore_steps_running{kind="import:chunk"} %d
longshore_steps_running{kind="import:split"} 0
longshore_steps_running{kind="report:step"} %d
longshore_steps_running{kind="search:step"} 0
`, oldestImport.Seconds(), oldestReport.Seconds(), imports, reports)
			if err := testutil.CollectAndCompare(steps, strings.NewReader(want), "longshore_steps_running",
				"longshore_oldest_step_seconds"); err != nil {
				t.Error(err)
			}
		}
		check(0, 0, 0, 0)
		bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		first := steps.Begin(bounded, job.Import)
		report := steps.Begin(t.Context(), job.Report)
		time.Sleep(40 * time.Second) // the clock of the bubble
		second := steps.Begin(t.Context(), job.Import)
		check(2, 1, 40*time.Second, 40*time.Second)
		time.Sleep(20 * time.Second) // the clock of the bubble
		check(2, 1, 20*time.Second, 60*time.Second)
		second(metrics.StepCommitted)
		check(1, 1, 0, 60*time.Second)
		first(metrics.StepFailed)
		report(metrics.StepCommitted)
		check(0, 0, 0, 0)
		if got := testutil.CollectAndCount(steps, "longshore_step_seconds"); got != 3 {
			t.Errorf("%d series of longshore_step_seconds, want 3", got)
		}
	})
}

func TestNewStepsCreatesSeries(t *testing.T) {
	t.Parallel()
	got := testutil.CollectAndCount(metrics.NewSteps(job.Import, job.Split), "longshore_step_seconds")
	if want := 2 * len(metrics.StepResults()); got != want {
		t.Errorf("%d series for two kinds, want %d", got, want)
	}
}
