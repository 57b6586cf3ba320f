package retryafter_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// backlog is what a look finds; it counts the looks.
type backlog struct {
	loads []store.QueueLoad
	err   error
	looks int
}

func (b *backlog) Backlog(_ context.Context, _ int) ([]store.QueueLoad, error) {
	b.looks++
	return b.loads, b.err
}

// busy has 9 chunks in the queue of imports before number 30, done at 3 per second together, and 4 behind it.
func busy() *backlog {
	return &backlog{loads: []store.QueueLoad{
		{Kind: operation.Import, Number: 10, Queued: 8, Remaining: 100, Speed: 2.5},
		{Kind: operation.Search, Number: 11, Queued: 1, Remaining: 1, Speed: 4},
		{Kind: operation.Search, Number: 12, Queued: 1, Remaining: 1},
		{Kind: operation.Import, Number: 20, Queued: 1, Remaining: 1, Speed: 0.5},
		{Kind: operation.Import, Number: 30, Queued: 3, Remaining: 9},
		{Kind: operation.Import, Number: 40, Queued: 4, Remaining: 4},
	}}
}

// waitingImport has so many chunks and three lanes.
func waitingImport(number int64, chunks int) *operation.Operation {
	return &operation.Operation{
		Kind: operation.Import, Number: number, State: operation.Waiting, Chunks: chunks, Lanes: 3,
		Counts: operation.Counts{Total: 1000}, SealedAt: noon, UpdatedAt: noon,
	}
}

func waitingSearch(number int64) *operation.Operation {
	return &operation.Operation{Kind: operation.Search, Number: number, State: operation.Waiting, Chunks: 1, Lanes: 1, SealedAt: noon, UpdatedAt: noon}
}

func TestWhoWaitsIsToldByWhatIsBeforeHim(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op         *operation.Operation
		after      time.Duration
		completion time.Duration
	}{
		// nine before it and its own three, then two rounds of sixteen: 44 chunks at 3 per second
		"in the middle": {waitingImport(30, 9), 10 * time.Second, 15 * time.Second},
		// sixteen before it and one
		"small, at the end":         {waitingImport(50, 1), 17 * time.Second / 3, 6 * time.Second},
		"never more than all there": {waitingImport(50, 3000), 30 * time.Second, 3114 * time.Second / 3},
		"a search":                  {waitingSearch(13), 750 * time.Millisecond, -1},
		"the next search":           {waitingSearch(11), 250 * time.Millisecond, -1},
		"an empty queue": {
			&operation.Operation{Kind: operation.Report, State: operation.Waiting, SealedAt: noon.Add(-2 * time.Second)}, 2 * time.Second, -1,
		},
	} {
		p := retryafter.New(func() time.Time { return noon }).WithBacklog(busy())
		if got := p.After(t.Context(), tt.op); (got - tt.after).Abs() > 10*time.Millisecond {
			t.Errorf("%s: ask again after %s, want %s", name, got, tt.after)
		}
		got, want := p.Completion(t.Context(), tt.op), time.Time{}
		if tt.completion >= 0 {
			want = noon.Add(tt.completion)
		}
		if !got.Equal(want) {
			t.Errorf("%s: complete at %s, want %s", name, got, want)
		}
	}
}

func TestCompletionFollowsTheOwnSpeedFirst(t *testing.T) {
	t.Parallel()
	running := waitingImport(30, 9)
	running.State, running.StartedAt, running.Counts.Created = operation.Running, noon.Add(-10*time.Second), 500
	search := waitingSearch(11)
	search.State, search.StartedAt, search.Progress = operation.Running, noon.Add(-30*time.Second), 75
	done := waitingImport(30, 9)
	done.State = operation.Succeeded
	for name, tt := range map[string]struct {
		op   *operation.Operation
		want time.Time
	}{
		"an import in its middle": {running, noon.Add(10 * time.Second)},
		"a search at 75 %":        {search, noon.Add(10 * time.Second)},
		"finished":                {done, time.Time{}},
	} {
		if got := retryafter.New(func() time.Time { return noon }).WithBacklog(busy()).Completion(t.Context(), tt.op); !got.Equal(tt.want) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
	if got := retryafter.New(func() time.Time { return noon }).Completion(t.Context(), waitingImport(30, 9)); !got.IsZero() {
		t.Errorf("who knows nothing says %s", got)
	}
}

func TestWhoMustAskIsToldToAskInTime(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]time.Duration{
		time.Minute: 10 * time.Second, 3 * time.Second: 1500 * time.Millisecond, time.Millisecond: 100 * time.Millisecond, -time.Second: 100 * time.Millisecond,
	} {
		op := waitingSearch(11)
		op.SealedAt, op.PollDeadline = noon.Add(-time.Hour), noon.Add(left)
		if got := retryafter.New(func() time.Time { return noon }).After(t.Context(), op); got != want {
			t.Errorf("with %s left: %s, want %s", left, got, want)
		}
	}
}

// What stands still is looked at less and less often, whatever its speed was.
func TestAStandstillIsLookedAtLessOften(t *testing.T) {
	t.Parallel()
	op := waitingImport(30, 9)
	op.State, op.StartedAt, op.Counts.Created = operation.Running, noon, 999
	op.UpdatedAt = noon.Add(time.Second)
	p := retryafter.New(func() time.Time { return noon.Add(41 * time.Second) })
	if got := p.After(t.Context(), op); got != 5*time.Second {
		t.Errorf("after 40 s without a change it is %s", got)
	}
}

func TestOneLookServesAllPollsOfASecond(t *testing.T) {
	t.Parallel()
	now, queue := noon, busy()
	p := retryafter.New(func() time.Time { return now }).WithBacklog(queue)
	ask := func() time.Time { return p.Completion(t.Context(), waitingImport(50, 1)) }
	for range 5 {
		ask()
	}
	if queue.looks != 1 {
		t.Errorf("five polls looked %d times", queue.looks)
	}
	now = now.Add(time.Second)
	ask()
	if queue.looks != 2 {
		t.Errorf("after a second there were %d looks", queue.looks)
	}

	queue.err = errors.New("out of reach")
	now = now.Add(time.Second)
	if got := ask(); got.IsZero() {
		t.Error("one look that failed takes the estimate away")
	}
	ask()
	if queue.looks != 3 {
		t.Errorf("a look that failed was tried again at once: %d looks", queue.looks)
	}
	now = now.Add(time.Minute)
	if got := ask(); !got.IsZero() {
		t.Errorf("a look of a minute ago still says %s", got)
	}
}

// slow answers when it is told to give up.
type slow struct{ asked chan struct{} }

func (s slow) Backlog(ctx context.Context, _ int) ([]store.QueueLoad, error) {
	s.asked <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAPollDoesNotWaitForASlowLook(t *testing.T) {
	t.Parallel()
	db := slow{make(chan struct{}, 1)}
	p := retryafter.New(func() time.Time { return noon }).WithBacklog(db)
	first := make(chan time.Duration)
	go func() { first <- p.After(context.WithoutCancel(t.Context()), waitingImport(50, 1)) }()
	<-db.asked
	began := time.Now()
	p.After(t.Context(), waitingImport(50, 1)) // somebody else looks already
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("the second poll waited %s", took)
	}
	if got := <-first; got != 100*time.Millisecond {
		t.Errorf("without a look it is %s", got)
	}
}
