package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
)

// TestProcessChunkDispatchesNextStep checks that each step but the last queues an entry for the
// next one, and that every step notifies the subscribers.
func TestProcessChunkDispatchesNextStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	changes := f.subscribe(t)
	for step, want := range []int64{1, 2, 2} {
		if err := f.worker(t, f.committing(store.Progress{Done: step == 2})).ProcessChunk(t.Context(), f.chunk); err != nil {
			t.Fatal(err)
		}
		if got := f.redis.Client.LLen(t.Context(), "asynq:{searches}:pending").Val(); got != want {
			t.Errorf("pending entries after step %d = %d, want %d", step+1, got, want)
		}
		select {
		case <-changes:
		case <-time.After(10 * time.Second):
			t.Fatalf("no notification of step %d", step+1)
		}
	}
	f.wantState(t, operation.Succeeded)
	if err := f.worker(t, failing(errors.New("processed again"))).ProcessChunk(t.Context(), f.chunk); err != nil {
		t.Errorf("ProcessChunk() of a finished operation = %v, want nil", err)
	}
}

// TestProcessChunkWithoutRedis checks that a step commits although the next one can't be queued.
// The janitor finds it in Postgres.
func TestProcessChunkWithoutRedis(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.redis.Queue.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.worker(t, f.committing(store.Progress{Progress: 30})).ProcessChunk(t.Context(), f.chunk); err != nil {
		t.Fatal(err)
	}
	due, _, err := f.store.DueChunks(t.Context(), operation.Search, 0, 10)
	if want := []job.Due{{Kind: job.Search, Chunk: f.chunk}}; err != nil || !cmp.Equal(want, due) {
		t.Errorf("DueChunks() = %v, %v, want %v", due, err, want)
	}
	if got := f.operation(t).Percent(); got != 30 {
		t.Errorf("Percent() = %d, want 30", got)
	}
}

// TestProcessChunkReportsEnd checks that the worker that commits the last step logs and counts the
// end.
func TestProcessChunkReportsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.worker(t, f.committing(store.Progress{Done: true})).ProcessChunk(t.Context(), f.chunk); err != nil {
		t.Fatal(err)
	}
	f.wantLog(t, slog.LevelInfo, map[string]any{"msg": "operation finished", "state": "succeeded"})
	f.wantFinished(t, operation.Succeeded, 1)
	f.wantSteps(t, metrics.StepCommitted, 1)
}

// TestProcessChunkCountsRunningStep checks that a step is counted as running until it ends, even by
// a panic.
func TestProcessChunkCountsRunningStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	running := func() float64 {
		t.Helper()
		return find(t, f.steps, "longshore_steps_running", map[string]string{"kind": "search:step"}).GetGauge().GetValue()
	}
	w := f.worker(t, func(context.Context, job.Chunk, store.Attempt) (store.Committed, error) {
		if got := running(); got != 1 {
			t.Errorf("running steps during the step = %v, want 1", got)
		}
		panic("broken")
	})
	func() {
		defer func() { _ = recover() }()
		_ = w.ProcessChunk(t.Context(), f.chunk)
	}()
	if got := running(); got != 0 {
		t.Errorf("running steps after the step = %v, want 0", got)
	}
	f.wantSteps(t, metrics.StepFailed, 1)
}

// TestProcessChunkRetriesThenAbandons checks that every failed attempt but the last is retried, and
// that the last one fails the operation.
func TestProcessChunkRetriesThenAbandons(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.worker(t, failing(errors.New("broken")))
	for attempt := range maxAttempts {
		err := w.ProcessChunk(t.Context(), f.chunk)
		if attempt < maxAttempts-1 {
			wantRetry(t, err, "attempt 1 of 2 failed")
		} else {
			wantArchived(t, err, "ChunkAbandoned: broken")
		}
	}
	if op := f.operation(t); op.State != operation.Failed || op.Failure.Code != "ChunkAbandoned" {
		t.Errorf("state = %s, failure %v, want failed, ChunkAbandoned", op.State, op.Failure)
	}
}

// TestProcessChunkAbandonsKilledWorkers checks that attempts without an error report count too, and
// that the step does not run again.
func TestProcessChunkAbandonsKilledWorkers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range maxAttempts {
		if _, err := f.store.BeginAttempt(t.Context(), f.chunk, operation.Search); err != nil {
			t.Fatal(err)
		}
	}
	w := f.worker(t, func(context.Context, job.Chunk, store.Attempt) (store.Committed, error) {
		t.Error("the step ran again")
		return store.Committed{}, nil
	})
	wantArchived(t, w.ProcessChunk(t.Context(), f.chunk),
		"ChunkAbandoned: every attempt ended without an error report (the worker was killed)")
	f.wantState(t, operation.Failed)
}

// TestProcessChunkDoesNotCountTransientErrors repeats a transient error more often than attempts
// are allowed.
func TestProcessChunkDoesNotCountTransientErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err    error
		reason string
	}{
		"locked":    {store.ErrLocked, "locked by another worker"},
		"not ready": {worker.ErrNotReady, "this worker is not ready for the operation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			for range 3 * maxAttempts {
				wantRetry(t, f.worker(t, failing(tt.err)).ProcessChunk(t.Context(), f.chunk), tt.reason)
			}
			if err := f.worker(t, f.committing(store.Progress{Done: true})).ProcessChunk(t.Context(), f.chunk); err != nil {
				t.Fatal(err)
			}
			f.wantState(t, operation.Succeeded)
		})
	}
}

// TestProcessChunkAddsRequestID checks that the log line of a retry, which the queue writes, can
// name the request.
func TestProcessChunkAddsRequestID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	err := f.worker(t, failing(errors.New("broken"))).ProcessChunk(t.Context(), f.chunk)
	retry, ok := errors.AsType[*queue.RetryAfterError](err)
	if !ok {
		t.Fatalf("ProcessChunk() = %v, want a RetryAfterError", err)
	}
	want := []slog.Attr{slog.String("request_id", requestID)}
	if diff := cmp.Diff(want, retry.Attrs, cmp.Comparer(slog.Attr.Equal)); diff != "" {
		t.Errorf("Attrs (-want +got):\n%s", diff)
	}
}
