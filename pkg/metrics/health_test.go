package metrics_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/metrics"
)

// TestWhatDoesNotAnswerIsDown: an answer, an error, and silence, which holds no scrape for long.
func TestWhatDoesNotAnswerIsDown(t *testing.T) {
	t.Parallel()
	for name, metric := range map[string]func(func(context.Context) error) prometheus.Collector{
		"postgres": func(ping func(context.Context) error) prometheus.Collector { return metrics.NewPostgres(ping) },
		"redis":    func(ping func(context.Context) error) prometheus.Collector { return metrics.NewRedis(ping) },
	} {
		synctest.Test(t, func(t *testing.T) {
			for _, tt := range []struct {
				ping func(context.Context) error
				want float64
			}{
				{func(context.Context) error { return nil }, 1},
				{func(context.Context) error { return errors.New("refused") }, 0},
				{func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 0},
			} {
				began := time.Now()
				if got := testutil.ToFloat64(metric(tt.ping)); got != tt.want || time.Since(began) > time.Second {
					t.Errorf("%s is %v after %s, want %v", name, got, time.Since(began), tt.want)
				}
			}
		})
	}
}

func TestReadyIsAsked(t *testing.T) {
	t.Parallel()
	ready := false
	metric := metrics.NewReady("example", func(context.Context) bool { return ready })
	for _, want := range []float64{0, 1} {
		ready = want == 1
		if got := testutil.ToFloat64(metric); got != want {
			t.Errorf("it is %v, want %v", got, want)
		}
	}
}
