package monitor

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// heartbeat is longer than pollInterval, as in production.
const heartbeat = 15 * time.Second

// follower records the revisions that follow sends, and 0 for a heartbeat.
type follower struct {
	mu        sync.Mutex // time.Sleep in the bubble does not synchronize for the race detector
	revisions []int
	result    chan error
}

// startFollow calls follow in another goroutine of the bubble.
func startFollow(ctx context.Context, f *fakeOperation, after int) *follower {
	r := &follower{result: make(chan error, 1)}
	go func() {
		r.result <- f.watch().follow(ctx, after, heartbeat, r.receive)
	}()
	synctest.Wait()
	return r
}

func (r *follower) receive(events []operation.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(events) == 0 {
		r.revisions = append(r.revisions, 0)
	}
	for _, e := range events {
		r.revisions = append(r.revisions, e.Revision)
	}
	return nil
}

func (r *follower) check(t *testing.T, want ...int) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.revisions, want) {
		t.Errorf("received revisions %v, want %v", r.revisions, want)
	}
}

func (r *follower) checkEnd(t *testing.T, want error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-r.result:
		if !errors.Is(err, want) {
			t.Errorf("follow() = %v, want %v", err, want)
		}
	default:
		t.Errorf("follow() has not returned, want %v", want)
	}
}

func TestFollowSendsEachEventOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		f.setState(operation.Running)
		all, rest := startFollow(asLocal(t), f, 0), startFollow(asLocal(t), f, 2)
		all.check(t, 1, 2)
		rest.check(t)
		f.setState(operation.Running)
		f.watchers.notify(f.op.ID)
		all.check(t, 1, 2, 3)
		f.setState(operation.Running) // without a notification
		f.setState(operation.Succeeded)
		time.Sleep(time.Second) // the clock of the bubble
		all.check(t, 1, 2, 3, 4, 5)
		rest.check(t, 3, 4, 5)
		all.checkEnd(t, nil)
		rest.checkEnd(t, nil)
	})
}

func TestFollowReadsSeveralPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		var want []int
		for range 1800 {
			f.setState(operation.Running)
		}
		f.setState(operation.Cancelled)
		for n := range 1802 {
			want = append(want, n+1)
		}
		r := startFollow(asLocal(t), f, 0)
		r.check(t, want...)
		r.checkEnd(t, nil)
	})
}

func TestFollowSendsHeartbeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		r := startFollow(asLocal(t), f, 0)
		time.Sleep(10 * time.Second) // the clock of the bubble
		f.setState(operation.Running)
		f.watchers.notify(f.op.ID)
		r.check(t, 1, 2)
		time.Sleep(heartbeat - time.Millisecond) // the clock of the bubble
		r.check(t, 1, 2)
		time.Sleep(heartbeat + 2*time.Millisecond) // the clock of the bubble
		r.check(t, 1, 2, 0, 0)
		if got := f.readCount(); got < 40 {
			t.Errorf("%d reads in %s, want at least 40: each counts as a poll", got, 10*time.Second+2*heartbeat)
		}
		close(f.watchers.closed)
		r.checkEnd(t, nil)
	})
}

// A restart of the database must not end the stream, because the client could not reconnect.
func TestFollowWaitsForDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		r := startFollow(asLocal(t), f, 0)
		f.setError(fault.New(fault.Unavailable, "database-unavailable", "Later."))
		time.Sleep(heartbeat + time.Millisecond) // the clock of the bubble
		f.setState(operation.Succeeded)
		f.setError(nil)
		time.Sleep(time.Second) // the clock of the bubble
		r.check(t, 1, 0, 2)
		r.checkEnd(t, nil)
	})
}

func TestFollowReturnsErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		ctx, cancel := context.WithCancel(asLocal(t))
		client := startFollow(ctx, f, 0)
		cancel()
		client.checkEnd(t, context.Canceled)

		broken := errors.New("broken connection")
		if err := f.watch().follow(asLocal(t), 0, heartbeat, func([]operation.Event) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("follow() = %v, want %v", err, broken)
		}
		pruned := startFollow(asLocal(t), f, 1)
		gone := fault.New(fault.Gone, "operation-expired", "Gone.")
		f.setError(gone)
		time.Sleep(time.Second) // the clock of the bubble
		pruned.checkEnd(t, gone)
	})
}

// Operations that were finished by a release without events have none.
func TestFollowEndsWithoutEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeOperation()
		f.setState(operation.Succeeded)
		f.events = nil
		r := startFollow(asLocal(t), f, 0)
		r.check(t)
		r.checkEnd(t, nil)
	})
}
