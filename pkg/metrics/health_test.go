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

// A dependency that does not respond counts as down, and delays a scrape by at most a second.
func TestUp(t *testing.T) {
	t.Parallel()
	for name, newMetric := range map[string]func(func(context.Context) error) prometheus.Collector{
		"Postgres": func(ping func(context.Context) error) prometheus.Collector { return metrics.NewPostgres(ping) },
		"Redis":    func(ping func(context.Context) error) prometheus.Collector { return metrics.NewRedis(ping) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, tt := range []struct {
					ping func(context.Context) error
					want float64
				}{
					{func(context.Context) error { return nil }, 1},
					{func(context.Context) error { return errors.New("connection refused") }, 0},
					{func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 0},
				} {
					started := time.Now()
					if got := testutil.ToFloat64(newMetric(tt.ping)); got != tt.want {
						t.Errorf("value = %v, want %v", got, tt.want)
					}
					if elapsed := time.Since(started); elapsed > time.Second {
						t.Errorf("the scrape took %s, want at most 1s", elapsed)
					}
				}
			})
		})
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	ready := false
	metric := metrics.NewReady("example", func(context.Context) bool { return ready })
	for _, want := range []float64{0, 1} {
		ready = want == 1
		if got := testutil.ToFloat64(metric); got != want {
			t.Errorf("value = %v, want %v", got, want)
		}
	}
}
