package monitor_test

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
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// beat is longer than a look, as a heartbeat is.
const beat = 15 * time.Second

// heard is what a listener hears: revisions, and 0 for a beat.
type heard struct {
	mu        sync.Mutex // a sleep in the bubble orders nothing for the race detector
	revisions []int
	ended     chan error
}

func listen(ctx context.Context, m *monitor.Monitor, s *shelf, after int) *heard {
	h := &heard{ended: make(chan error, 1)}
	id := s.current().ID
	go func() {
		h.ended <- m.Follow(ctx, id, after, beat, func(events []operation.Event) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if len(events) == 0 {
				h.revisions = append(h.revisions, 0)
			}
			for _, e := range events {
				h.revisions = append(h.revisions, e.Revision)
			}
			return nil
		})
	}()
	synctest.Wait()
	return h
}

func (h *heard) expect(t *testing.T, want ...int) {
	t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.revisions, want) {
		t.Errorf("it heard %v, not %v", h.revisions, want)
	}
}

func (h *heard) expectEnd(t *testing.T, want error) {
	t.Helper()
	select {
	case err := <-h.ended:
		if !errors.Is(err, want) {
			t.Errorf("it ended with %v, not %v", err, want)
		}
	default:
		t.Error("it has not ended")
	}
}

func TestFollowTellsEverythingOnceAndInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, b := newShelf(), newBell()
		m, _ := watch(t, s, b)
		s.become(operation.Running)
		whole, rest := listen(t.Context(), m, s, 0), listen(t.Context(), m, s, 2)
		whole.expect(t, 1, 2)
		rest.expect(t)
		s.become(operation.Running)
		_ = b.Publish(t.Context(), s.op.ID)
		whole.expect(t, 1, 2, 3)
		s.become(operation.Running) // nobody rings
		s.become(operation.Succeeded)
		time.Sleep(time.Second) // the clock of the bubble
		whole.expect(t, 1, 2, 3, 4, 5)
		rest.expect(t, 3, 4, 5)
		whole.expectEnd(t, nil)
		rest.expectEnd(t, nil)
	})
}

func TestFollowReadsALongLifeToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		m, _ := watch(t, s, newBell())
		var want []int
		for range 1800 {
			s.become(operation.Running)
		}
		s.become(operation.Cancelled)
		for n := range 1802 {
			want = append(want, n+1)
		}
		h := listen(t.Context(), m, s, 0)
		h.expect(t, want...)
		h.expectEnd(t, nil)
	})
}

func TestFollowBeatsInSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, b := newShelf(), newBell()
		s.op.PollDeadline = time.Now()
		m, stop := watch(t, s, b)
		h := listen(t.Context(), m, s, 0)
		time.Sleep(10 * time.Second) // the clock of the bubble
		s.become(operation.Running)
		_ = b.Publish(t.Context(), s.op.ID)
		h.expect(t, 1, 2)
		time.Sleep(beat - time.Millisecond) // the clock of the bubble
		h.expect(t, 1, 2)
		time.Sleep(beat + 2*time.Millisecond) // the clock of the bubble
		h.expect(t, 1, 2, 0, 0)
		if polls := s.polls; polls < 40 {
			t.Errorf("listening for %s counted as %d polls", 10*time.Second+2*beat, polls)
		}
		stop()
		synctest.Wait()
		h.expectEnd(t, nil)
	})
}

// A database that restarts is silence and no end: a stream that breaks off would be refused when its client comes back.
func TestFollowOutlastsTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		m, _ := watch(t, s, newBell())
		h := listen(t.Context(), m, s, 0)
		s.fail(fault.New(fault.Unavailable, "database-unavailable", "Later."))
		time.Sleep(beat + time.Millisecond) // the clock of the bubble
		s.become(operation.Succeeded)
		s.fail(nil)
		time.Sleep(time.Second) // the clock of the bubble
		h.expect(t, 1, 0, 2)
		h.expectEnd(t, nil)
	})
}

func TestFollowEndsWithItsOperationAndItsClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		m, _ := watch(t, s, newBell())
		ctx, leave := context.WithCancel(t.Context())
		client := listen(ctx, m, s, 0)
		leave()
		synctest.Wait()
		client.expectEnd(t, context.Canceled)

		broken := errors.New("the connection broke")
		if err := m.Follow(t.Context(), s.op.ID, 0, beat, func([]operation.Event) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("a broken connection: %v", err)
		}
		pruned := listen(t.Context(), m, s, 1)
		s.mu.Lock()
		s.op.Expired = true
		s.mu.Unlock()
		time.Sleep(time.Second) // the clock of the bubble
		synctest.Wait()
		if err := <-pruned.ended; !fault.Is(err, fault.Gone) {
			t.Errorf("a pruned operation: %v", err)
		}
	})
}

// Operations that were finished before there were events have none, and who listens must not wait for them.
func TestFollowOfAnOldOperationEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.become(operation.Succeeded)
		s.events = nil
		m, _ := watch(t, s, newBell())
		h := listen(t.Context(), m, s, 0)
		h.expect(t)
		h.expectEnd(t, nil)
	})
}
