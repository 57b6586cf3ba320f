package admission_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

func TestStorage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var size int64
		var broken error
		measured := 0
		s := admission.NewStorage(1000, func(context.Context) (int64, error) {
			measured++
			return size, broken
		}, slog.New(slog.DiscardHandler), metrics.NewAdmission())
		for _, step := range []struct {
			size   int64
			broken error
			full   bool
		}{
			{999, nil, false},
			{1000, nil, true},
			{999, nil, true}, // not yet 5 % below
			{0, errors.New("away"), true},
			{950, nil, true},
			{949, nil, false},
			{999, nil, false},
		} {
			size, broken = step.size, step.broken
			time.Sleep(5 * time.Second) // the clock of the bubble
			for range 3 {
				err := s.Admit(t.Context())
				if got := fault.Is(err, fault.StorageFull); got != step.full || got && fault.Of(err).Retry <= 0 {
					t.Errorf("Admit() with size %d = %v, want refused: %t", step.size, err, step.full)
				}
			}
		}
		if measured != 7 {
			t.Errorf("measured %d times, want 7: once in 5 s", measured)
		}
	})
}
