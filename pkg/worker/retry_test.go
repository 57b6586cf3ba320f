package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/store"
)

func TestAttemptDelay(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]time.Duration{
		1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 6: time.Minute,
		1000: time.Minute,
	} {
		if got := attemptDelay(attempt); got != want {
			t.Errorf("attemptDelay(%d) = %v, want %v", attempt, got, want)
		}
	}
}

func TestIsTransient(t *testing.T) {
	t.Parallel()
	live := t.Context()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancelExpired := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancelExpired()
	postgres := func(code string) error { return fmt.Errorf("loading: %w", &pgconn.PgError{Code: code}) }
	for name, tt := range map[string]struct {
		ctx  context.Context //nolint:containedctx // the case under test
		err  error
		want bool
	}{
		"locked":                      {live, store.ErrLocked, true},
		"worker not ready":            {live, ErrNotReady, true},
		"deadlock":                    {live, postgres("40P01"), true},
		"admin shutdown":              {live, postgres("57P01"), true},
		"lock not available":          {live, postgres("55P03"), true},
		"disk full":                   {live, postgres("53100"), true},
		"read-only transaction":       {live, postgres("25006"), true},
		"statement timeout":           {live, postgres("57014"), false},
		"idle in transaction timeout": {live, postgres("25P03"), false},
		"undefined table":             {live, postgres("42P01"), false},
		"insufficient privilege":      {live, postgres("42501"), false},
		"other error":                 {live, errors.New("broken"), false},
		"worker stopping":             {cancelled, context.Canceled, true},
		"step timeout":                {expired, context.DeadlineExceeded, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := IsTransient(tt.ctx, tt.err); got != tt.want {
				t.Errorf("IsTransient(%v) = %v, want %v", tt.err, got, tt.want)
			}
		})
	}
}
