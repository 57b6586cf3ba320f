package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/task"
)

// StepResult says what came of an entry of the queue in a worker's hands.
type StepResult string

// What may come of it.
const (
	// StepCommitted: the step was done.
	StepCommitted StepResult = "committed"
	// StepNothing: there was nothing to do; the chunk is done, or its operation is finished.
	StepNothing StepResult = "nothing"
	// StepHeld: another worker had the chunk.
	StepHeld StepResult = "held"
	// StepForgiven: it failed for a trouble that is not its own, such as a database that went away, and comes back.
	StepForgiven StepResult = "forgiven"
	// StepFailed: it failed, and comes back.
	StepFailed StepResult = "failed"
	// StepEnded: its operation was ended as failed.
	StepEnded StepResult = "ended"
)

// stepBuckets reach from a small chunk to the longest that a step of an import may take; reports and splits may take longer.
var stepBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// Steps measures the work of a worker. It is safe for concurrent use.
type Steps struct{ *prometheus.HistogramVec }

// NewSteps makes the histogram.
func NewSteps() *Steps {
	return &Steps{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "longshore_step_seconds", Help: "How long a worker had an entry of the queue in its hands, by the kind of work and what came of it.",
		Buckets: stepBuckets,
	}, []string{"kind", "result"})}
}

// Took notes one step.
func (s *Steps) Took(kind task.Kind, result StepResult, took time.Duration) {
	s.WithLabelValues(string(kind), string(result)).Observe(took.Seconds())
}
