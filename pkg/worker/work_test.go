package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/worker"
)

// maxAttempts is how often a step is tried here.
const maxAttempts = 2

// bench is a store and a queue with one search that is waiting.
type bench struct {
	store *store.Store
	redis queuetest.Redis
	chunk job.Chunk
}

func setup(t *testing.T) bench {
	t.Helper()
	db, err := store.Open(t.Context(), storetest.NewDatabase(t), store.Options{Application: t.Name(), MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	op, err := db.Accept(t.Context(), store.Draft{Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	return bench{store: db, redis: queuetest.New(t), chunk: job.Chunk{OperationID: op.ID}}
}

func (b bench) worker(try worker.Process) *worker.Worker {
	return worker.New(operation.Search, worker.Deps{
		Store: b.store, Redis: b.redis.Queue, Log: slog.New(slog.DiscardHandler), MaxAttempts: maxAttempts,
	}, try)
}

func (b bench) state(t *testing.T) *operation.Operation {
	t.Helper()
	op, err := b.store.Operation(t.Context(), b.chunk.OperationID)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// turn takes a turn that leaves the advance.
func (b bench) turn(a store.Progress) worker.Process {
	return func(ctx context.Context, c job.Chunk, _ store.Attempt) (store.Committed, error) {
		return b.store.RunResumable(ctx, c, func(context.Context, *store.ResumableStep) (store.Progress, error) { return a, nil })
	}
}

func failing(err error) worker.Process {
	return func(context.Context, job.Chunk, store.Attempt) (store.Committed, error) {
		return store.Committed{}, err
	}
}

// mustPark expects the entry of an operation that was given up to be put aside.
func mustPark(t *testing.T, err error) {
	t.Helper()
	if _, parked := errors.AsType[*queue.ArchiveError](err); !parked {
		t.Errorf("it is not put aside: %v", err)
	}
}

// TestTheNextStepIsDispatched: each turn rings for the next, as an entry of its own, and tells who waits; the last rings for nothing.
func TestTheNextStepIsDispatched(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rings := b.listen(t)
	for turn, want := range []int64{1, 2, 2} {
		if err := b.worker(b.turn(store.Progress{Done: turn == 2})).ProcessChunk(t.Context(), b.chunk); err != nil {
			t.Fatal(err)
		}
		if got := b.redis.Client.LLen(t.Context(), "asynq:{searches}:pending").Val(); got != want {
			t.Errorf("after turn %d: %d entries, want %d", turn+1, got, want)
		}
		select {
		case <-rings:
		case <-time.After(10 * time.Second):
			t.Fatalf("nobody was told of turn %d", turn+1)
		}
	}
	if op := b.state(t); op.State != operation.Succeeded {
		t.Errorf("it is %s", op.State)
	}
	if err := b.worker(failing(errors.New("not tried"))).ProcessChunk(t.Context(), b.chunk); err != nil {
		t.Errorf("an entry for what is finished: %v", err)
	}
}

// listen returns the rings of the bell, once somebody hears them.
func (b bench) listen(t *testing.T) <-chan uuid.UUID {
	t.Helper()
	bell, probe := queue.NewNotifier(b.redis.Queue), uuid.New()
	rings, heard := make(chan uuid.UUID, 10), make(chan struct{}, 1)
	go bell.Subscribe(t.Context(), func(id uuid.UUID) {
		switch id { // others are of other tests: a channel belongs to all databases of a Redis
		case b.chunk.OperationID:
			rings <- id
		case probe:
			select {
			case heard <- struct{}{}:
			default:
			}
		}
	})
	for {
		if err := bell.Publish(t.Context(), probe); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard:
			return rings
		case <-time.After(10 * time.Millisecond): // nobody listens yet
		}
	}
}

// TestAnEndErrorEnds: nothing would be different at another attempt.
func TestAnEndErrorEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	why := operation.Failure{Code: "TooMuch", Message: "It is too much."}
	mustPark(t, b.worker(failing(&worker.ClientError{Failure: why})).ProcessChunk(t.Context(), b.chunk))
	if op := b.state(t); op.State != operation.Failed || op.Failure == nil || *op.Failure != why {
		t.Errorf("it is %s because of %v", op.State, op.Failure)
	}
}

// TestAttemptsAreBounded: a failure that may be the step's own comes back, and the last one ends the operation.
func TestAttemptsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.worker(failing(errors.New("broken")))
	for attempt := range maxAttempts {
		err := w.ProcessChunk(t.Context(), b.chunk)
		if _, comesBack := errors.AsType[*queue.RetryAfterError](err); comesBack != (attempt < maxAttempts-1) {
			t.Errorf("attempt %d: %v", attempt+1, err)
		}
	}
	if op := b.state(t); op.State != operation.Failed || op.Failure.Code != "ChunkAbandoned" {
		t.Errorf("it is %s because of %v", op.State, op.Failure)
	}
}

// TestAWorkerThatDiedIsCounted: attempts that nobody could tell of end the operation, too, without another try.
func TestAWorkerThatDiedIsCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range maxAttempts {
		if _, err := b.store.BeginAttempt(t.Context(), b.chunk, operation.Search); err != nil {
			t.Fatal(err)
		}
	}
	tried := false
	w := b.worker(func(context.Context, job.Chunk, store.Attempt) (store.Committed, error) {
		tried = true
		return store.Committed{}, nil
	})
	mustPark(t, w.ProcessChunk(t.Context(), b.chunk))
	if tried {
		t.Error("it was tried once more")
	}
	if op := b.state(t); op.State != operation.Failed {
		t.Errorf("it is %s", op.State)
	}
}

// TestOthersTroublesDoNotCount: what is no fault of the step may happen as often as it likes.
func TestOthersTroublesDoNotCount(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]error{"held": store.ErrLocked, "not_ready": worker.ErrNotReady} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for range 3 * maxAttempts {
				err := b.worker(failing(trouble)).ProcessChunk(t.Context(), b.chunk)
				if _, comesBack := errors.AsType[*queue.RetryAfterError](err); !comesBack {
					t.Fatalf("it does not come back: %v", err)
				}
			}
			if err := b.worker(b.turn(store.Progress{Done: true})).ProcessChunk(t.Context(), b.chunk); err != nil {
				t.Fatal(err)
			}
			if op := b.state(t); op.State != operation.Succeeded {
				t.Errorf("it is %s", op.State)
			}
		})
	}
}

// TestWithoutRedisNothingIsLost: a step whose next can't be dispatched is done nevertheless; the janitor finds the next.
func TestWithoutRedisNothingIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.redis.Queue.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.worker(b.turn(store.Progress{Progress: 30})).ProcessChunk(t.Context(), b.chunk); err != nil {
		t.Fatal(err)
	}
	due, err := b.store.DueChunks(t.Context(), 10)
	if err != nil || len(due) != 1 || due[0].Chunk != b.chunk || b.state(t).Percent() != 30 {
		t.Errorf("due %v, %v, at %d %%", due, err, b.state(t).Percent())
	}
}
