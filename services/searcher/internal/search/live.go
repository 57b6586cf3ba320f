package search

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/store"
)

// liveInterval is how often a step looks whether its search is still wanted. A cancelled search stands still within a second: this, and the
// time that Postgres needs to end a statement.
const liveInterval = 300 * time.Millisecond

// whileLive runs a step, and ends its context when the operation is finished by somebody else; then it returns errEnded.
func (h *Searcher) whileLive(ctx context.Context, id uuid.UUID, step func(context.Context) (store.Committed, error)) (store.Committed, error) {
	inStep, stop := context.WithCancelCause(ctx)
	stepped := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		h.watch(inStep, id, stepped, stop)
	}()
	done, err := step(inStep)
	close(stepped)
	<-watched
	ended := context.Cause(inStep) == errEnded //nolint:errorlint // it is set here and nowhere else
	stop(nil)
	if err != nil && ended {
		return store.Committed{}, errEnded
	}
	return done, err
}

// watch looks until the step is over. What it can't read it takes for live: the step's commit decides.
func (h *Searcher) watch(ctx context.Context, id uuid.UUID, stepped <-chan struct{}, stop context.CancelCauseFunc) {
	tick := time.NewTicker(liveInterval)
	defer tick.Stop()
	for {
		select {
		case <-stepped:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			if op, err := h.store.Operation(ctx, id); err == nil && op.State.Terminal() {
				stop(errEnded)
				return
			}
		}
	}
}
