package metrics

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

func TestWhatWasReadIsShownForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		s := newSource("example", func(context.Context) (int, error) {
			reads++
			return reads, nil
		})
		for _, want := range []int{1, 1, 2} {
			if got, ok := s.get(); got != want || !ok {
				t.Errorf("read %d, %v; want %d", got, ok, want)
			}
			time.Sleep(freshFor/2 + time.Millisecond) // the clock of the bubble
		}
	})
}

// TestASourceThatHangsHoldsNoScrape: not even one that heeds no context, and there is never a second reading beside it.
func TestASourceThatHangsHoldsNoScrape(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer, reads := make(chan struct{}), 0
		s := newSource("example", func(context.Context) (int, error) {
			reads++
			<-answer
			return 1, nil
		})
		for range 3 {
			began := time.Now()
			if _, ok := s.get(); ok || time.Since(began) > readWithin {
				t.Errorf("after %s: %v", time.Since(began), ok)
			}
		}
		close(answer)
		synctest.Wait()
		if got, ok := s.get(); got != 1 || !ok || reads != 1 {
			t.Errorf("then %d, %v, after %d readings", got, ok, reads)
		}
		if missed := testutil.ToFloat64(s.errors); missed != 3 {
			t.Errorf("%v scrapes without it", missed)
		}
	})
}

// TestAnOutageIsLeftOut: a scrape shows the rest, and that something is missing; what is back shows at once.
func TestAnOutageIsLeftOut(t *testing.T) {
	t.Parallel()
	away := true
	backlog := NewBacklog(func(context.Context) (job.Stats, error) {
		if away {
			return job.Stats{}, errors.New("Postgres is away")
		}
		return job.Stats{
			Operations: []job.OperationCount{{Kind: operation.Import, State: operation.Running, Count: 3}},
			Due:        []job.DueCount{{Kind: job.Import, Chunks: 12, Oldest: 1500 * time.Millisecond}},
		}, nil
	})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(backlog, NewQueues(func(context.Context) ([]job.QueueStats, error) { return nil, errors.New("Redis is away") }))
	count := func() int {
		n, err := testutil.GatherAndCount(registry, "longshore_operations", "longshore_due_chunks", "longshore_oldest_due_seconds")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != 0 {
		t.Errorf("%d samples while Postgres is away", n)
	}
	away = false
	kinds := len(operation.Kinds())
	if n := count(); n != 3*kinds+2*len(job.Kinds()) {
		t.Errorf("%d samples when it is back", n)
	}
	if n := testutil.ToFloat64(backlog.source.errors); n != 1 {
		t.Errorf("%v errors", n)
	}
}
