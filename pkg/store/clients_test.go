package store

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var refused []string
		turns := newTurns(TurnsOfReads, 1, func(name string) { refused = append(refused, name) })
		end, err := turns.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		_, err = turns.take(t.Context())
		if f := fault.Of(err); f.Kind != fault.Busy || f.Retry <= 0 || time.Since(started) != turnTimeout {
			t.Errorf("take() = %v after %s, want a fault of kind Busy with a delay after %s", err, time.Since(started), turnTimeout)
		}
		left, leave := context.WithCancel(t.Context())
		leave()
		if _, err := turns.take(left); err == nil || fault.Is(err, fault.Busy) {
			t.Errorf("take() = %v after the client left, want the error of its context", err)
		}
		if want := []string{TurnsOfReads}; !slices.Equal(refused, want) {
			t.Errorf("refused %v, want %v", refused, want)
		}
		end()
		if _, err := turns.take(t.Context()); err != nil {
			t.Errorf("take() = %v after the end of the first, want a turn", err)
		}
	})
	unlimited := newTurns(TurnsOfWrites, 0, nil)
	for range 3 {
		if _, err := unlimited.take(t.Context()); err != nil {
			t.Errorf("take() = %v without a limit, want a turn", err)
		}
	}
}
