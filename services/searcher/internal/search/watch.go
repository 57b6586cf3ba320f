package search

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/store"
)

// liveInterval is how often a running step checks that its search is still live. A cancelled search must
// stop within a second, which includes the time that Postgres needs to cancel a statement.
const liveInterval = 300 * time.Millisecond

// errFinished is the error of a step whose search was finished meanwhile.
var errFinished = errors.Join(store.ErrNothingDue, errors.New("the search is finished"))

// whileLive runs a step and cancels its context when the operation has finished. It then returns
// errFinished.
func (s *Searcher) whileLive(ctx context.Context, id uuid.UUID, run func(context.Context) (store.Committed, error)) (store.Committed, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() { s.watch(ctx, id, cancel) })
	done, err := run(ctx)
	cancel(nil)
	watcher.Wait()
	if err != nil && errors.Is(context.Cause(ctx), errFinished) {
		return store.Committed{}, errFinished
	}
	return done, err
}

// watch polls the operation until ctx ends, and cancels it with errFinished when the operation has finished.
// It ignores errors, because the commit of the step checks the state again.
func (s *Searcher) watch(ctx context.Context, id uuid.UUID, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(liveInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if op, err := s.store.Operation(ctx, id); err == nil && op.State.Terminal() {
				cancel(errFinished)
				return
			}
		}
	}
}
