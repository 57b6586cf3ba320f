package monitor

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The number of requests that wait for an operation does not change how often it is read.
func TestWaitersShareReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiters = 1000
		f := newFakeOperation()
		f.setState(operation.Running)
		followers := make([]*follower, waiters)
		for i := range followers {
			followers[i] = startFollow(asLocal(t), f, 2)
		}
		waits := make([]<-chan awaitResult, waiters)
		for i := range waits {
			waits[i] = startAwait(asLocal(t), f, time.Minute, Finished)
		}
		before := f.readCount()
		time.Sleep(10*time.Second + time.Millisecond) // the clock of the bubble
		if got := f.readCount() - before; got != 10 {
			t.Errorf("%d reads in 10 s, want 10", got)
		}
		f.setState(operation.Succeeded)
		f.watchers.notify(f.op.ID)
		for i := range waiters {
			(<-waits[i]).check(t, operation.Succeeded, 10*time.Second+time.Millisecond)
			followers[i].check(t, 3)
			followers[i].checkEnd(t, nil)
		}
		if got := f.readCount() - before; got != 11 {
			t.Errorf("%d reads, want 11: events are read for all requests at once", got)
		}
	})
}

// batches records the operations of each reading.
type batches struct {
	mu  sync.Mutex
	ids [][]uuid.UUID
}

func (b *batches) read(_ context.Context, after map[uuid.UUID]int) map[uuid.UUID]look {
	b.mu.Lock()
	defer b.mu.Unlock()
	results := make(map[uuid.UUID]look)
	var ids []uuid.UUID
	for id := range after {
		ids = append(ids, id)
		results[id] = look{op: &operation.Operation{ID: id, State: operation.Running}}
	}
	b.ids = append(b.ids, ids)
	return results
}

func TestOperationsAreReadTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b batches
		w := newWatchers(b.read)
		ctx, cancel := context.WithCancel(asLocal(t))
		for range 50 {
			op := &operation.Operation{ID: uuid.New()}
			go func() { _, _ = watch{w, op.ID, nil}.await(ctx, op, time.Hour, Finished) }()
		}
		time.Sleep(3*time.Second + time.Millisecond) // the clock of the bubble
		b.mu.Lock()
		last := b.ids[len(b.ids)-3:]
		b.mu.Unlock()
		for _, ids := range last {
			if len(ids) != 50 {
				t.Errorf("a reading has %d operations, want all 50", len(ids))
			}
		}
		cancel()
		synctest.Wait()
		if w.running {
			t.Error("operations are still read although no request waits")
		}
	})
}

// A reading that began before a request may have seen the past of it.
func TestWaiterIgnoresEarlierReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		id := uuid.New()
		reading, proceed := make(chan bool), make(chan operation.State)
		w := newWatchers(func(context.Context, map[uuid.UUID]int) map[uuid.UUID]look {
			reading <- true
			return map[uuid.UUID]look{id: {op: &operation.Operation{ID: id, State: <-proceed}}}
		})
		ctx, cancel := context.WithCancel(asLocal(t))
		wait := func(seen chan<- operation.State) {
			_, _ = watch{w, id, nil}.await(ctx, &operation.Operation{ID: id}, time.Hour, func(op *operation.Operation) bool {
				seen <- op.State
				return op.State.Terminal()
			})
			close(seen)
		}
		first, second := make(chan operation.State, 10), make(chan operation.State, 10)
		go wait(first)
		<-reading
		go wait(second)
		synctest.Wait()
		proceed <- operation.Waiting // as it was before the second request
		<-reading
		proceed <- operation.Cancelled
		var got []operation.State
		for state := range second {
			if state != "" {
				got = append(got, state)
			}
		}
		if want := []operation.State{operation.Cancelled}; !slices.Equal(got, want) {
			t.Errorf("the second request saw %v, want %v", got, want)
		}
		cancel()
		for range first {
		}
	})
}
