package chaos_test

import (
	"testing"
	"time"
)

func TestModelKeepsLatestRecord(t *testing.T) {
	t.Parallel()
	m := newModel()
	latest := written{number: 2, row: 3, name: "latest"}
	for _, w := range []written{{1, 9, "earlier import"}, latest, {2, 1, "earlier row"}, {1, 10, "earlier import, applied later"}} {
		m.apply("N1", w)
	}
	if got := m.table["N1"]; got != latest {
		t.Errorf("the table has %+v, want %+v", got, latest)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	times := []time.Duration{4, 1, 3, 2}
	for name, test := range map[string]struct {
		times []time.Duration
		p     int
		want  time.Duration
	}{
		"none":   {nil, 99, 0},
		"one":    {times[:1], 50, 4},
		"median": {times, 50, 2},
		"p99":    {times, 99, 4},
		"worst":  {times, 100, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := percentile(test.times, test.p); got != test.want {
				t.Errorf("percentile(%v, %d) = %d, want %d", test.times, test.p, got, test.want)
			}
		})
	}
}
