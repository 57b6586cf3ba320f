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

// backlog returns fixed loads and counts the reads.
type backlog struct {
	loads []store.QueueLoad
	err   error
	reads int
}

func (b *backlog) Backlog(_ context.Context, _ int) ([]store.QueueLoad, error) {
	b.reads++
	return b.loads, b.err
}

// newBacklog returns a backlog with 9 queued chunks before import 30 and 4 after it, processed at 3
// per second in total.
func newBacklog() *backlog {
	return &backlog{loads: []store.QueueLoad{
		{Kind: operation.Import, Number: 10, Queued: 8, Remaining: 100, Speed: 2.5},
		{Kind: operation.Search, Number: 11, Queued: 1, Remaining: 1, Speed: 4},
		{Kind: operation.Search, Number: 12, Queued: 1, Remaining: 1},
		{Kind: operation.Import, Number: 20, Queued: 1, Remaining: 1, Speed: 0.5},
		{Kind: operation.Import, Number: 30, Queued: 3, Remaining: 9},
		{Kind: operation.Import, Number: 40, Queued: 4, Remaining: 4},
	}}
}

// waitingImport returns an import with three lanes.
func waitingImport(number int64, chunks int) *operation.Operation {
	return &operation.Operation{
		Kind: operation.Import, Number: number, State: operation.Waiting, Chunks: chunks, Lanes: 3,
		Counts: operation.Counts{Total: 1000}, SealedAt: noon, UpdatedAt: noon,
	}
}

func waitingSearch(number int64) *operation.Operation {
	return &operation.Operation{Kind: operation.Search, Number: number, State: operation.Waiting, Chunks: 1, Lanes: 1, SealedAt: noon, UpdatedAt: noon}
}

func TestEstimatorWithBacklog(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op         *operation.Operation
		after      time.Duration
		completion time.Duration
	}{
		// nine chunks before it and three of its own, then two rounds of sixteen: 44 at 3 per second
		"in the middle": {waitingImport(30, 9), 10 * time.Second, 15 * time.Second},
		// sixteen chunks before it and one of its own
		"small, at the end":     {waitingImport(50, 1), 17 * time.Second / 3, 6 * time.Second},
		"limited to all chunks": {waitingImport(50, 3000), 30 * time.Second, 3114 * time.Second / 3},
		"a search":              {waitingSearch(13), 750 * time.Millisecond, -1},
		"the next search":       {waitingSearch(11), 250 * time.Millisecond, -1},
		"an empty queue": {
			&operation.Operation{Kind: operation.Report, State: operation.Waiting, SealedAt: noon.Add(-2 * time.Second)}, 2 * time.Second, -1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := retryafter.New(func() time.Time { return noon }).WithBacklog(newBacklog())
			if got := e.After(t.Context(), tt.op); (got - tt.after).Abs() > 10*time.Millisecond {
				t.Errorf("After() = %s, want %s", got, tt.after)
			}
			got, want := e.Completion(t.Context(), tt.op), time.Time{}
			if tt.completion >= 0 {
				want = noon.Add(tt.completion)
			}
			if !got.Equal(want) {
				t.Errorf("Completion() = %s, want %s", got, want)
			}
		})
	}
}

func TestEstimatorCompletion(t *testing.T) {
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
		"half-finished import": {running, noon.Add(10 * time.Second)},
		"a search at 75 %":     {search, noon.Add(10 * time.Second)},
		"finished":             {done, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := retryafter.New(func() time.Time { return noon }).WithBacklog(newBacklog()).Completion(t.Context(), tt.op); !got.Equal(tt.want) {
				t.Errorf("Completion() = %s, want %s", got, tt.want)
			}
		})
	}
	if got := retryafter.New(func() time.Time { return noon }).Completion(t.Context(), waitingImport(30, 9)); !got.IsZero() {
		t.Errorf("Completion() = %s without a backlog, want zero", got)
	}
}

func TestEstimatorAfterWithPollDeadline(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]time.Duration{
		time.Minute: 10 * time.Second, 3 * time.Second: 1500 * time.Millisecond, time.Millisecond: 100 * time.Millisecond, -time.Second: 100 * time.Millisecond,
	} {
		t.Run(left.String(), func(t *testing.T) {
			t.Parallel()
			op := waitingSearch(11)
			op.SealedAt, op.PollDeadline = noon.Add(-time.Hour), noon.Add(left)
			if got := retryafter.New(func() time.Time { return noon }).After(t.Context(), op); got != want {
				t.Errorf("%s before the poll deadline: After() = %s, want %s", left, got, want)
			}
		})
	}
}

func TestEstimatorAfterWithoutProgress(t *testing.T) {
	t.Parallel()
	op := waitingImport(30, 9)
	op.State, op.StartedAt, op.Counts.Created = operation.Running, noon, 999
	op.UpdatedAt = noon.Add(time.Second)
	e := retryafter.New(func() time.Time { return noon.Add(41 * time.Second) })
	if got := e.After(t.Context(), op); got != 5*time.Second {
		t.Errorf("After() = %s after 40 s without a change, want 5s", got)
	}
}

func TestEstimatorCachesBacklog(t *testing.T) {
	t.Parallel()
	now, source := noon, newBacklog()
	e := retryafter.New(func() time.Time { return now }).WithBacklog(source)
	completion := func() time.Time { return e.Completion(t.Context(), waitingImport(50, 1)) }
	for range 5 {
		completion()
	}
	if source.reads != 1 {
		t.Errorf("%d reads for five polls, want 1", source.reads)
	}
	now = now.Add(time.Second)
	completion()
	if source.reads != 2 {
		t.Errorf("%d reads after a second, want 2", source.reads)
	}

	source.err = errors.New("unreachable")
	now = now.Add(time.Second)
	if got := completion(); got.IsZero() {
		t.Error("Completion() is zero after one failed read, want the previous estimate")
	}
	completion()
	if source.reads != 3 {
		t.Errorf("%d reads, want 3: a failed read is not repeated within the interval", source.reads)
	}
	now = now.Add(time.Minute)
	if got := completion(); !got.IsZero() {
		t.Errorf("Completion() = %s from a read a minute ago, want zero", got)
	}
}

// blockingBacklog blocks until its context ends.
type blockingBacklog struct{ started chan struct{} }

func (b blockingBacklog) Backlog(ctx context.Context, _ int) ([]store.QueueLoad, error) {
	b.started <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestEstimatorDoesNotWaitForSlowBacklog(t *testing.T) {
	t.Parallel()
	source := blockingBacklog{make(chan struct{}, 1)}
	e := retryafter.New(func() time.Time { return noon }).WithBacklog(source)
	first := make(chan time.Duration)
	go func() { first <- e.After(context.WithoutCancel(t.Context()), waitingImport(50, 1)) }()
	<-source.started
	started := time.Now()
	e.After(t.Context(), waitingImport(50, 1)) // the first poll is still reading
	if elapsed := time.Since(started); elapsed > 100*time.Millisecond {
		t.Errorf("the second poll waited %s, want no wait", elapsed)
	}
	if got := <-first; got != 100*time.Millisecond {
		t.Errorf("After() = %s without a backlog, want 100ms", got)
	}
}
