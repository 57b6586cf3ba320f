package metrics

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

func TestSourceCachesValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		s := newSource("example", func(context.Context) (int, error) {
			reads++
			return reads, nil
		})
		for _, want := range []int{1, 1, 2} {
			if got, ok := s.get(); got != want || !ok {
				t.Errorf("get() = %d, %t, want %d", got, ok, want)
			}
			time.Sleep(maxAge/2 + time.Millisecond) // the clock of the bubble
		}
	})
}

// A read that ignores its context neither blocks scrapes nor is repeated while it runs.
func TestSourceDoesNotWaitForSlowRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release, reads := make(chan struct{}), 0
		s := newSource("example", func(context.Context) (int, error) {
			reads++
			<-release
			return 1, nil
		})
		for range 3 {
			started := time.Now()
			if _, ok := s.get(); ok || time.Since(started) > waitTimeout {
				t.Errorf("get() = %t after %s, want false after at most %s", ok, time.Since(started), waitTimeout)
			}
		}
		close(release)
		synctest.Wait()
		if got, ok := s.get(); got != 1 || !ok {
			t.Errorf("get() = %d, %t after the read, want 1", got, ok)
		}
		if reads != 1 {
			t.Errorf("%d reads, want 1", reads)
		}
		if got := testutil.ToFloat64(s.errors); got != 3 {
			t.Errorf("%v errors were counted, want 3", got)
		}
	})
}

// During an outage a scrape contains all other metrics, and the next one after it is complete.
func TestSourceOmitsMetricsDuringOutage(t *testing.T) {
	t.Parallel()
	down := true
	backlog := NewBacklog(func(context.Context) (job.Stats, error) {
		if down {
			return job.Stats{}, errors.New("Postgres is down")
		}
		return job.Stats{
			Operations: []job.OperationCount{{Kind: operation.Import, State: operation.Running, Count: 3}},
			Due:        []job.DueCount{{Kind: job.Import, Chunks: 12, Oldest: 1500 * time.Millisecond}},
		}, nil
	})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(backlog, NewQueues(func(context.Context) ([]job.QueueStats, error) { return nil, errors.New("Redis is down") }))
	count := func() int {
		n, err := testutil.GatherAndCount(registry, "longshore_operations", "longshore_due_chunks", "longshore_oldest_due_seconds")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := count(); got != 0 {
		t.Errorf("%d samples during the outage, want 0", got)
	}
	down = false
	if got, want := count(), 3*len(operation.Kinds())+2*len(job.Kinds()); got != want {
		t.Errorf("%d samples after the outage, want %d", got, want)
	}
	if got := testutil.ToFloat64(backlog.source.errors); got != 1 {
		t.Errorf("%v errors were counted, want 1", got)
	}
}
