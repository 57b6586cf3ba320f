package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longshore-io/longshore/pkg/job"
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
	// StepEnded: its operation was ended as failed, for a trouble of ours.
	StepEnded StepResult = "ended"
	// StepRefused: its operation was ended as failed, for a mistake of its client's.
	StepRefused StepResult = "refused"
)

// stepResults are all of them.
var stepResults = []StepResult{StepCommitted, StepNothing, StepHeld, StepForgiven, StepFailed, StepEnded, StepRefused}

// stepBuckets reach from a small chunk to the longest that a step of an import may take; reports and splits may take longer.
var stepBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

var (
	stepsInHand = prometheus.NewDesc("longshore_steps_in_hand", "Entries of the queue that a worker has in its hands, by the kind of work.", []string{"kind"}, nil)
	oldestStep  = prometheus.NewDesc("longshore_oldest_step_seconds",
		"How long a worker has had in its hands the oldest of those entries whose time is not over, by the kind of work; 0 if there is none.", []string{"kind"}, nil)
)

// Steps measures the work of a worker, what it has in its hands too. It is safe for concurrent use.
type Steps struct {
	seconds *prometheus.HistogramVec

	mu     sync.Mutex
	inHand map[*step]bool
}

// step is an entry of the queue in a worker's hands.
type step struct {
	kind  job.Kind
	began time.Time
	// until is when its time is over; zero if nothing bounds it. One that is still in hand then hangs.
	until time.Time
}

// NewSteps makes the metrics. Of the kinds that a worker does, every result is shown from the start: a rate needs a zero to begin with.
func NewSteps(kinds ...job.Kind) *Steps {
	s := &Steps{seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "longshore_step_seconds", Help: "How long a worker had an entry of the queue in its hands, by the kind of work and what came of it.",
		Buckets: stepBuckets,
	}, []string{"kind", "result"}), inHand: make(map[*step]bool)}
	for _, kind := range kinds {
		for _, result := range stepResults {
			s.seconds.WithLabelValues(string(kind), string(result))
		}
	}
	return s
}

// Begin notes that a worker takes an entry into its hands, and for how long it may: until the context's deadline. What it returns is to be
// called once, at the end, with what came of it.
func (s *Steps) Begin(ctx context.Context, kind job.Kind) (end func(StepResult)) {
	taken := &step{kind: kind, began: time.Now()}
	taken.until, _ = ctx.Deadline()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inHand[taken] = true
	return func(result StepResult) {
		s.seconds.WithLabelValues(string(kind), string(result)).Observe(time.Since(taken.began).Seconds())
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.inHand, taken)
	}
}

// Describe sends what there is.
func (s *Steps) Describe(out chan<- *prometheus.Desc) {
	s.seconds.Describe(out)
	out <- stepsInHand
	out <- oldestStep
}

// Collect sends how it stands: what is in hand by every kind, of which a worker does one or two.
func (s *Steps) Collect(out chan<- prometheus.Metric) {
	s.seconds.Collect(out)
	count, oldest := s.hands(time.Now())
	for _, kind := range job.Kinds() {
		out <- prometheus.MustNewConstMetric(stepsInHand, prometheus.GaugeValue, float64(count[kind]), string(kind))
		out <- prometheus.MustNewConstMetric(oldestStep, prometheus.GaugeValue, oldest[kind].Seconds(), string(kind))
	}
}

// hands tells what is in hand: how many steps, and how long the oldest of those whose time is not over.
func (s *Steps) hands(now time.Time) (count map[job.Kind]int, oldest map[job.Kind]time.Duration) {
	count, oldest = make(map[job.Kind]int), make(map[job.Kind]time.Duration)
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.inHand {
		count[one.kind]++
		if one.until.IsZero() || now.Before(one.until) {
			oldest[one.kind] = max(oldest[one.kind], now.Sub(one.began))
		}
	}
	return count, oldest
}
