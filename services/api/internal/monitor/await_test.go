package monitor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// waited is what a wait ended with, and how long it took.
type waited struct {
	op   *operation.Operation
	err  error
	took time.Duration
}

// await waits beside the test, in its bubble.
func await(ctx context.Context, m *monitor.Monitor, s *shelf, limit time.Duration, enough func(*operation.Operation) bool) <-chan waited {
	ends := make(chan waited, 1)
	began, op := time.Now(), s.current()
	go func() {
		now, err := m.Await(ctx, op, limit, enough)
		ends <- waited{now, err, time.Since(began)}
	}()
	synctest.Wait()
	return ends
}

func TestAWaitIsWokenByTheBell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, b := newShelf(), newBell()
		m, _ := watch(t, s, b)
		end := await(t.Context(), m, s, time.Minute, monitor.Finished)
		time.Sleep(10*time.Second + time.Millisecond) // the clock of the bubble
		s.become(operation.Succeeded)
		_ = b.Publish(t.Context(), s.op.ID)
		if got := <-end; got.err != nil || got.op.State != operation.Succeeded || got.took != 10*time.Second+time.Millisecond {
			t.Errorf("%+v", got)
		}
	})
}

// Without the bell, who waits looks by himself.
func TestAWaitIsWokenByLooking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		m, _ := watch(t, s, &bell{mute: true})
		end := await(t.Context(), m, s, time.Minute, monitor.Finished)
		time.Sleep(10*time.Second + time.Millisecond) // the clock of the bubble
		s.become(operation.Failed)
		if got := <-end; got.err != nil || got.op.State != operation.Failed || got.took != 11*time.Second {
			t.Errorf("%+v", got)
		}
	})
}

func TestAWaitEndsAtItsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.op.PollDeadline = time.Now()
		m, _ := watch(t, s, newBell())
		const limit = 5*time.Second + time.Second/2
		if got := <-await(t.Context(), m, s, limit, monitor.Finished); got.err != nil || got.op.State != operation.Waiting || got.took != limit {
			t.Errorf("%+v", got)
		}
		if s.polls != 6 {
			t.Errorf("it counted as %d polls", s.polls)
		}
	})
}

// A change that nobody waits for ends no wait for the end, but one for a change.
func TestAWaitForAChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, b := newShelf(), newBell()
		m, _ := watch(t, s, b)
		known := s.op.Revision
		change := await(t.Context(), m, s, time.Minute, func(op *operation.Operation) bool { return op.Revision != known })
		end := await(t.Context(), m, s, time.Minute, monitor.Finished)
		s.become(operation.Running)
		_ = b.Publish(t.Context(), s.op.ID)
		if got := <-change; got.err != nil || got.op.State != operation.Running || got.took != 0 {
			t.Errorf("the change: %+v", got)
		}
		synctest.Wait()
		if len(end) != 0 {
			t.Errorf("the end came: %+v", <-end)
		}
		s.become(operation.Cancelled)
		_ = b.Publish(t.Context(), s.op.ID)
		if got := <-end; got.op.State != operation.Cancelled {
			t.Errorf("the end: %+v", got)
		}
	})
}

func TestAStoppingServiceLetsGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		m, stop := watch(t, s, newBell())
		end := await(t.Context(), m, s, time.Minute, monitor.Finished)
		stop()
		if got := <-end; got.err != nil || got.op.State != operation.Waiting || got.took != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestAWaitEndsWithItsClientAndWithItsOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		m, _ := watch(t, s, newBell())
		ctx, leave := context.WithCancel(t.Context())
		end := await(ctx, m, s, time.Minute, monitor.Finished)
		leave()
		if got := <-end; !errors.Is(got.err, context.Canceled) {
			t.Errorf("the client has left: %+v", got)
		}
		end = await(t.Context(), m, s, time.Minute, monitor.Finished)
		s.mu.Lock()
		s.op.Expired = true
		s.mu.Unlock()
		if got := <-end; !fault.Is(got.err, fault.Gone) {
			t.Errorf("the operation is gone: %+v", got)
		}
	})
}

func TestWhatIsEnoughAlreadyIsNotReadAgain(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.become(operation.Succeeded)
	op := s.current()
	s.fail(errors.New("it was read"))
	m, _ := watch(t, s, newBell())
	if got, err := m.Await(t.Context(), op, time.Minute, monitor.Finished); err != nil || got != op {
		t.Errorf("%+v, %v", got, err)
	}
}
