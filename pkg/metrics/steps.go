package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/job"
)

// StepResult is the result of one attempt at a step, that is, of one job.
type StepResult string

const (
	// StepCommitted means that the step was committed.
	StepCommitted StepResult = "committed"
	// StepNoop means that the step was already done or its operation already finished.
	StepNoop StepResult = "noop"
	// StepLocked means that another worker has locked the chunk; the step is retried.
	StepLocked StepResult = "locked"
	// StepAwaiting means that records await their parents from an earlier import; the step is retried.
	StepAwaiting StepResult = "awaiting"
	// StepTransient means that the attempt failed with a transient error, such as an unavailable
	// database; the step is retried and the attempt is not counted.
	StepTransient StepResult = "transient"
	// StepFailed means that the attempt failed; the step is retried.
	StepFailed StepResult = "failed"
	// StepFailedInternal means that the operation failed because of an error of the service.
	StepFailedInternal StepResult = "failed_internal"
	// StepFailedClient means that the operation failed because of an error of its client.
	StepFailedClient StepResult = "failed_client"
)

// StepResults returns all results.
func StepResults() []StepResult {
	return []StepResult{StepCommitted, StepNoop, StepLocked, StepAwaiting, StepTransient, StepFailed, StepFailedInternal, StepFailedClient}
}

// stepBuckets range from a small chunk to the time limit of a step of an import, in seconds. Reports
// and splits may take longer.
var stepBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

var (
	stepsRunning = prometheus.NewDesc("longshore_steps_running", "Steps that are running, by kind of step.", []string{"kind"}, nil)
	oldestStep   = prometheus.NewDesc("longshore_oldest_step_seconds",
		"Age of the oldest running step that is still within its deadline, by kind of step; 0 if there is none.", []string{"kind"}, nil)
)

// Steps measures the steps of a worker. It is safe for concurrent use.
type Steps struct {
	seconds *prometheus.HistogramVec

	mu      sync.Mutex
	running map[*step]bool
}

// step is a running step.
type step struct {
	kind    job.Kind
	started time.Time
	// deadline is zero if the step has none. A step that still runs after its deadline hangs.
	deadline time.Time
}

// NewSteps returns the metrics. The series of the given kinds exist with a value of 0 from the
// start, so that rates include the first step.
func NewSteps(kinds ...job.Kind) *Steps {
	s := &Steps{seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "longshore_step_seconds", Help: "Duration of the attempts at steps, by kind of step and result.", Buckets: stepBuckets,
	}, []string{"kind", "result"}), running: make(map[*step]bool)}
	for _, kind := range kinds {
		for _, result := range StepResults() {
			s.seconds.WithLabelValues(string(kind), string(result))
		}
	}
	return s
}

// Begin records the start of a step, whose deadline is that of the context. The returned function
// must be called once at its end.
func (s *Steps) Begin(ctx context.Context, kind job.Kind) (end func(StepResult)) {
	started := &step{kind: kind, started: time.Now()}
	started.deadline, _ = ctx.Deadline()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[started] = true
	return func(result StepResult) {
		s.seconds.WithLabelValues(string(kind), string(result)).Observe(time.Since(started.started).Seconds())
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.running, started)
	}
}

// Describe implements prometheus.Collector.
func (s *Steps) Describe(out chan<- *prometheus.Desc) {
	s.seconds.Describe(out)
	out <- stepsRunning
	out <- oldestStep
}

// Collect implements prometheus.Collector. It includes the kinds that the worker does not process.
func (s *Steps) Collect(out chan<- prometheus.Metric) {
	s.seconds.Collect(out)
	count, oldest := s.stats(time.Now())
	for _, kind := range job.Kinds() {
		out <- prometheus.MustNewConstMetric(stepsRunning, prometheus.GaugeValue, float64(count[kind]), string(kind))
		out <- prometheus.MustNewConstMetric(oldestStep, prometheus.GaugeValue, oldest[kind].Seconds(), string(kind))
	}
}

// stats returns the number of running steps, and the age of the oldest one within its deadline.
func (s *Steps) stats(now time.Time) (count map[job.Kind]int, oldest map[job.Kind]time.Duration) {
	count, oldest = make(map[job.Kind]int), make(map[job.Kind]time.Duration)
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.running {
		count[one.kind]++
		if one.deadline.IsZero() || now.Before(one.deadline) {
			oldest[one.kind] = max(oldest[one.kind], now.Sub(one.started))
		}
	}
	return count, oldest
}
