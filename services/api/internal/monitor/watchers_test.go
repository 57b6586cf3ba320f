package monitor_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

func TestAwaitOfFinishedOperationReadsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, 0)
	op.State = operation.Succeeded
	f.store.Close()
	if got, err := f.Await(asLocal(t), op, time.Minute, monitor.Finished); err != nil || got != op {
		t.Errorf("Await() = %+v, %v, want the given operation", got, err)
	}
}

func TestFollowSendsStoredEvents(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, 0)
	f.fail(t, op)
	var states []operation.State
	err := f.Follow(asLocal(t), op.ID, 0, time.Minute, func(events []operation.Event) error {
		for _, e := range events {
			states = append(states, e.State)
		}
		return nil
	})
	if want := []operation.State{operation.Waiting, operation.Failed}; err != nil || !slices.Equal(states, want) {
		t.Errorf("Follow() sent states %v, %v, want %v", states, err, want)
	}
}

func TestSubscribeEndsWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.accept(t, 0)
	ctx, stop := context.WithCancel(asLocal(t))
	go f.Subscribe(ctx)
	stop()
	got, err := f.Await(asLocal(t), op, time.Hour, monitor.Finished)
	if err != nil || got.State != operation.Waiting {
		t.Errorf("Await() = %+v, %v, want state waiting after the service stopped", got, err)
	}
}
