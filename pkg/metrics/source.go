package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// maxAge is how long a value is reused, because several scrapes may share the cost of a read.
	maxAge = 10 * time.Second
	// waitTimeout bounds how long a scrape waits for a source. The default timeout of a scrape is
	// 10 s, and it reads all sources concurrently.
	waitTimeout = 3 * time.Second
	// readTimeout bounds the read itself, which continues for the next scrape.
	readTimeout = 20 * time.Second
)

// source reads and caches a value from Postgres or Redis. If a read fails or is slow, a scrape
// continues without the value, and an error is counted. It is safe for concurrent use.
type source[T any] struct {
	read   func(context.Context) (T, error)
	errors prometheus.Counter

	mu      sync.Mutex
	expires time.Time
	value   T
	// reading is closed when the running read ends; nil if none is running.
	reading chan struct{}
	err     error
}

// newSource returns a source; name is the label of its error counter.
func newSource[T any](name string, read func(context.Context) (T, error)) *source[T] {
	return &source[T]{read: read, errors: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "longshore_collector_errors_total", Help: "Scrapes without the values that are read from Postgres or Redis, by collector.",
		ConstLabels: prometheus.Labels{"collector": name},
	})}
}

// get returns the cached value, or reads a new one. It waits at most for waitTimeout.
func (s *source[T]) get() (T, bool) {
	reading := s.startRead()
	if reading != nil {
		timeout := time.NewTimer(waitTimeout)
		defer timeout.Stop()
		select {
		case <-reading:
		case <-timeout.C:
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading != nil || s.err != nil {
		s.errors.Inc()
		var none T
		return none, false
	}
	return s.value, true
}

// startRead starts a read, unless the value is fresh or a read is running. It returns a channel that
// is closed at the end of the read; nil if the value is fresh.
func (s *source[T]) startRead() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading == nil && (s.err != nil || !time.Now().Before(s.expires)) {
		s.reading = make(chan struct{})
		go s.readOnce(s.reading)
	}
	return s.reading
}

func (s *source[T]) readOnce(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	value, err := s.read(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.err, s.expires, s.reading = value, err, time.Now().Add(maxAge), nil
	close(done)
}
