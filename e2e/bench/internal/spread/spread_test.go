package spread_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/bench/internal/spread"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		values []int
		want   int
	}{
		"none": {nil, 0},
		"one":  {[]int{7}, 7},
		"odd":  {[]int{9, 1, 5}, 5},
		"even": {[]int{40, 10, 20, 30}, 25},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := spread.Median(test.values); got != test.want {
				t.Errorf("Median(%v) = %d, want %d", test.values, got, test.want)
			}
		})
	}
}

func TestMedianLeavesTheValuesInTheirOrder(t *testing.T) {
	t.Parallel()
	values := []float64{3, 1, 2}
	spread.Median(values)
	if values[0] != 3 {
		t.Errorf("the values were sorted in place: %v", values)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	var values []time.Duration
	for ms := 100; ms >= 1; ms-- {
		values = append(values, time.Duration(ms)*time.Millisecond)
	}
	tests := map[float64]time.Duration{0: time.Millisecond, 0.5: 50 * time.Millisecond, 0.95: 95 * time.Millisecond, 1: 100 * time.Millisecond}
	for p, want := range tests {
		if got := spread.Percentile(values, p); got != want {
			t.Errorf("Percentile(%v) = %v, want %v", p, got, want)
		}
	}
	if got := spread.Percentile([]int{1, 2, 3}, 0.5); got != 2 {
		t.Errorf("half of three values do not exceed %d, want 2", got)
	}
	if got := spread.Percentile([]int(nil), 0.5); got != 0 {
		t.Errorf("the percentile of nothing is %d, want 0", got)
	}
}
