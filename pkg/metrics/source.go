package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// freshFor is how long what was read is shown again: many may scrape, and what is read has a cost.
	freshFor = 10 * time.Second
	// readWithin bounds what a scrape waits for a source. A scrape may take 10 s by Prometheus' default, and asks all sources at once.
	readWithin = 3 * time.Second
	// readTimeout bounds the reading itself, which goes on for the next scrape.
	readTimeout = 20 * time.Second
)

// source reads what lies elsewhere. What can't be read is left out of a scrape, which is counted, and never fails or holds it. It is safe for
// concurrent use.
type source[T any] struct {
	read   func(context.Context) (T, error)
	errors prometheus.Counter

	mu    sync.Mutex
	until time.Time
	last  T
	// reading is closed when the reading under way is over; nil if there is none.
	reading chan struct{}
	err     error
}

// newSource makes a source; name is what its errors are counted under.
func newSource[T any](name string, read func(context.Context) (T, error)) *source[T] {
	return &source[T]{read: read, errors: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "longshore_collector_errors_total", Help: "How often a scrape could not read what lies in Postgres or Redis, by collector.",
		ConstLabels: prometheus.Labels{"collector": name},
	})}
}

// get returns what was read a short while ago, or is read now. It waits readWithin at most.
func (s *source[T]) get() (T, bool) {
	reading := s.begin()
	if reading != nil {
		late := time.NewTimer(readWithin)
		defer late.Stop()
		select {
		case <-reading:
		case <-late.C:
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading != nil || s.err != nil {
		s.errors.Inc()
		var none T
		return none, false
	}
	return s.last, true
}

// begin starts to read unless what was read is fresh; one reading at a time, whoever asks. It returns what tells of its end, nil if there is
// nothing to wait for.
func (s *source[T]) begin() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading == nil && (s.err != nil || !time.Now().Before(s.until)) {
		s.reading = make(chan struct{})
		go s.readOnce(s.reading)
	}
	return s.reading
}

func (s *source[T]) readOnce(over chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	last, err := s.read(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.err, s.until, s.reading = last, err, time.Now().Add(freshFor), nil
	close(over)
}
