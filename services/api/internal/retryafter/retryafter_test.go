package retryafter_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

func TestEstimatorAfter(t *testing.T) {
	t.Parallel()
	sealed := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	started := sealed.Add(time.Second)
	for name, tt := range map[string]struct {
		done    int
		now     time.Time
		started time.Time
		want    time.Duration
	}{
		"just accepted":        {0, sealed, time.Time{}, 100 * time.Millisecond},
		"waiting for 3 s":      {0, sealed.Add(3 * time.Second), time.Time{}, 3 * time.Second},
		"waiting for an hour":  {0, sealed.Add(time.Hour), time.Time{}, 10 * time.Second},
		"running, no speed":    {0, started.Add(time.Second), started, 2 * time.Second},
		"half done after 4 s":  {500, started.Add(4 * time.Second), started, 4 * time.Second},
		"nearly done":          {999, started.Add(4 * time.Second), started, 100 * time.Millisecond},
		"a quarter after 60 s": {250, started.Add(time.Minute), started, 10 * time.Second},
		"a tenth after 60 s":   {100, started.Add(time.Minute), started, 27 * time.Second},
		"a tenth after 2 s":    {100, started.Add(2 * time.Second), started, 2 * time.Second},
		"a tenth after a day":  {100, started.Add(24 * time.Hour), started, 30 * time.Second},
		"clock skew":           {0, sealed.Add(-time.Minute), time.Time{}, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := &operation.Operation{
				Kind: operation.Import, State: operation.Running, SealedAt: sealed, StartedAt: tt.started,
				Counts: operation.Counts{Total: 1000, Created: tt.done},
			}
			if got := retryafter.New(func() time.Time { return tt.now }).After(t.Context(), op); got != tt.want {
				t.Errorf("After() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestEstimatorSetHeaders(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for state, want := range map[operation.State][2]string{
		operation.Waiting:   {"2", "1500"},
		operation.Succeeded: {"", ""},
		operation.Failed:    {"", ""},
		operation.Cancelled: {"", ""},
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			h := make(http.Header)
			retryafter.New(func() time.Time { return now }).SetHeaders(t.Context(), h, &operation.Operation{State: state, SealedAt: now.Add(-1500 * time.Millisecond)})
			if got := [2]string{h.Get("Retry-After"), h.Get("retry-after-ms")}; got != want {
				t.Errorf("headers = %v, want %v", got, want)
			}
		})
	}
}
