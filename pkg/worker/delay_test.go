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

func TestAttemptDelaysDouble(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]time.Duration{1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 6: time.Minute, 1000: time.Minute} {
		if got := attemptDelay(attempt); got != want {
			t.Errorf("after attempt %d: %v, want %v", attempt, got, want)
		}
	}
}

func TestOnlyTheTroublesOfOthersAreForgiven(t *testing.T) {
	t.Parallel()
	alive := t.Context()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancelLate()
	code := func(c string) error { return fmt.Errorf("loading: %w", &pgconn.PgError{Code: c}) }
	for name, tt := range map[string]struct {
		ctx  context.Context //nolint:containedctx // the case under test
		err  error
		want bool
	}{
		"held":               {alive, store.ErrLocked, true},
		"worker not ready":   {alive, ErrNotReady, true},
		"deadlock":           {alive, code("40P01"), true},
		"restart":            {alive, code("57P01"), true},
		"lock not available": {alive, code("55P03"), true},
		"disk full":          {alive, code("53100"), true},
		"failed over":        {alive, code("25006"), true},
		"statement timeout":  {alive, code("57014"), false},
		"stood still":        {alive, code("25P03"), false},
		"no such table":      {alive, code("42P01"), false},
		"no such privilege":  {alive, code("42501"), false},
		"anything else":      {alive, errors.New("broken"), false},
		"worker stops":       {cancelled, context.Canceled, true},
		"step took too long": {late, context.DeadlineExceeded, false},
	} {
		if got := IsTransient(tt.ctx, tt.err); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
