package monitor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// awaitResult is what await returned, and how long it took.
type awaitResult struct {
	op      *operation.Operation
	err     error
	elapsed time.Duration
}

func (r awaitResult) check(t *testing.T, state operation.State, elapsed time.Duration) {
	t.Helper()
	if r.err != nil || r.op.State != state {
		t.Errorf("await() = %+v, %v, want state %s", r.op, r.err, state)
	}
	if r.elapsed != elapsed {
		t.Errorf("await() took %s, want %s", r.elapsed, elapsed)
	}
}

// startAwait calls await in another goroutine of the bubble.
func startAwait(ctx context.Context, f *fakeOperation, limit time.Duration, done func(*operation.Operation) bool) <-chan awaitResult {
	results := make(chan awaitResult, 1)
	started := time.Now()
	go func() {
		op, err := f.watch().await(ctx, f.current(), limit, done)
		results <- awaitResult{op, err, time.Since(started)}
	}()
	synctest.Wait()
	return results
}

func TestAwaitReturnsOnNotification(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		result := startAwait(asLocal(t), f, time.Minute, Finished)
		time.Sleep(10*time.Second + time.Millisecond) // the clock of the bubble
		f.setState(operation.Succeeded)
		f.watchers.notify(f.op.ID)
		(<-result).check(t, operation.Succeeded, 10*time.Second+time.Millisecond)
	})
}

func TestAwaitPollsWithoutNotification(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		result := startAwait(asLocal(t), f, time.Minute, Finished)
		time.Sleep(10*time.Second + time.Millisecond) // the clock of the bubble
		f.setState(operation.Failed)
		(<-result).check(t, operation.Failed, 11*time.Second)
	})
}

func TestAwaitReturnsAtLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		const limit = 5*time.Second + time.Second/2
		(<-startAwait(asLocal(t), f, limit, Finished)).check(t, operation.Waiting, limit)
		if got := f.readCount(); got != 6 {
			t.Errorf("%d reads, want 6: each counts as a poll", got)
		}
	})
}

// A change that does not meet the condition does not end the wait.
func TestAwaitChecksCondition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		known := f.op.Revision
		change := startAwait(asLocal(t), f, time.Minute, func(op *operation.Operation) bool { return op.Revision != known })
		end := startAwait(asLocal(t), f, time.Minute, Finished)
		f.setState(operation.Running)
		f.watchers.notify(f.op.ID)
		(<-change).check(t, operation.Running, 0)
		synctest.Wait()
		if len(end) != 0 {
			t.Errorf("await() of the end returned %+v while the operation is running", <-end)
		}
		f.setState(operation.Cancelled)
		f.watchers.notify(f.op.ID)
		(<-end).check(t, operation.Cancelled, 0)
	})
}

func TestAwaitReturnsWhenServiceStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		result := startAwait(asLocal(t), f, time.Minute, Finished)
		close(f.watchers.closed)
		(<-result).check(t, operation.Waiting, 0)
	})
}

func TestAwaitReturnsErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		ctx, cancel := context.WithCancel(asLocal(t))
		result := startAwait(ctx, f, time.Minute, Finished)
		cancel()
		if got := <-result; !errors.Is(got.err, context.Canceled) {
			t.Errorf("await() = %v, want %v", got.err, context.Canceled)
		}
		result = startAwait(asLocal(t), f, time.Minute, Finished)
		f.setError(fault.New(fault.Gone, "operation-expired", "Gone."))
		if got := <-result; !fault.Is(got.err, fault.Gone) {
			t.Errorf("await() = %v, want a fault of kind Gone", got.err)
		}
	})
}
