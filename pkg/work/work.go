// Package work is what every worker does with an entry of the queue, whatever its kind: count the attempt, try the step, and decide
// what follows: the next step, another attempt, or the end of the operation. A service brings its step.
package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/task"
)

// failTimeout bounds the end of an operation that is given up.
const failTimeout = 5 * time.Second

// dispatchBudget bounds ringing the bells after a step; the janitor and the pollers do without if Redis is away.
const dispatchBudget = time.Second

// ErrNotReady marks a failure that is no fault of the operation: this worker lacks something that another may have, such as a
// collection that the api knows already in a rolling upgrade.
var ErrNotReady = errors.New("this worker is not ready for it")

// EndError ends the operation: nothing would be different at another attempt.
type EndError struct {
	Failure operation.Failure
}

// Error tells why.
func (e *EndError) Error() string { return e.Failure.Code + ": " + e.Failure.Message }

// Try is one step of an operation's work.
type Try func(ctx context.Context, c task.Chunk, attempt store.Attempt) (store.Committed, error)

// Worker runs steps. It is safe for concurrent use.
type Worker struct {
	kind        operation.Kind
	store       *store.Store
	dispatcher  *queue.Dispatcher
	bell        *queue.Bell
	maxAttempts int
	log         *slog.Logger
	try         Try
}

// New makes a worker for operations of a kind, that tries each chunk at most maxAttempts times before its operation fails.
func New(kind operation.Kind, db *store.Store, redis *queue.Redis, log *slog.Logger, maxAttempts int, try Try) *Worker {
	return &Worker{
		kind: kind, store: db, dispatcher: queue.NewDispatcher(redis), bell: queue.NewBell(redis),
		maxAttempts: maxAttempts, log: log, try: try,
	}
}

// Chunk takes one step with a chunk and dispatches what follows. nil means that there is nothing more to do for this queue entry; an
// error asks to bring it back, most of them as a queue.LaterError that says when.
func (w *Worker) Chunk(ctx context.Context, c task.Chunk) error {
	attempt, err := w.store.BeginAttempt(ctx, c, w.kind)
	switch {
	case errors.Is(err, store.ErrNothingDue):
		return nil
	case errors.Is(err, store.ErrHeld):
		return later(err, heldDelay)
	case err != nil:
		return later(err, troubleDelay)
	case attempt.Count > w.maxAttempts:
		return w.giveUp(ctx, c) // the last attempt did not live to tell
	}
	done, err := w.try(ctx, c, attempt)
	if end, ok := errors.AsType[*EndError](err); ok {
		return w.end(ctx, c, end.Failure)
	}
	switch {
	case err == nil:
		w.goOn(ctx, c, done)
		return nil
	case errors.Is(err, store.ErrNothingDue):
		return nil
	case isForgiven(ctx, err):
		return forgiven(err, w.store.ForgiveAttempt(ctx, c))
	}
	if attempt.Count >= w.maxAttempts {
		w.log.Error("a chunk failed", slog.String("operation", c.TaskID.String()), slog.Int("chunk", c.Seq), slog.Any("error", err))
		return w.giveUp(ctx, c)
	}
	return later(fmt.Errorf("attempt %d of %d: %w", attempt.Count, w.maxAttempts, err), attemptDelay(attempt.Count))
}

// goOn tells what the step left behind and rings for what follows.
func (w *Worker) goOn(ctx context.Context, c task.Chunk, done store.Committed) {
	log := w.log.With(slog.String("operation", c.TaskID.String()))
	log.Debug("chunk committed", slog.Int("chunk", c.Seq), slog.Any("counts", done.Counts))
	if done.State.Terminal() {
		log.Info("operation finished", slog.String("state", string(done.State)))
	}
	ctx, cancel := context.WithTimeout(ctx, dispatchBudget)
	defer cancel()
	for _, next := range done.Next {
		if err := w.dispatcher.Dispatch(ctx, next.Kind, next.Chunk, queue.GenerationOf(next.Steps)); err != nil {
			log.Warn("the queue does not answer; the janitor will dispatch", slog.Any("error", err))
			break
		}
	}
	w.ring(ctx, c)
}

// ring tells whoever waits for the operation; who does not hear it looks by himself.
func (w *Worker) ring(ctx context.Context, c task.Chunk) {
	if err := w.bell.Ring(ctx, c.TaskID); err != nil {
		w.log.Debug("a change was not told", slog.Any("error", err), slog.String("operation", c.TaskID.String()))
	}
}

// giveUp fails the operation of a chunk that can't be processed.
func (w *Worker) giveUp(ctx context.Context, c task.Chunk) error {
	w.log.Error("giving up an operation", slog.String("operation", c.TaskID.String()), slog.Int("chunk", c.Seq))
	return w.end(ctx, c, operation.Failure{
		Code: "ChunkAbandoned",
		Message: fmt.Sprintf("%s could not be done in %d attempts, so the operation was given up. What was done before stays.%s",
			stepOf(c), w.maxAttempts, advice[task.KindOf(w.kind, c.Seq)]),
	})
}

func (w *Worker) end(ctx context.Context, c task.Chunk, why operation.Failure) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failTimeout) // the step may have used up its time
	defer cancel()
	if err := w.store.Fail(ctx, c, why); err != nil {
		return err
	}
	w.ring(ctx, c)
	return nil
}

// stepOf names a step for people.
func stepOf(c task.Chunk) string {
	if c.Seq == task.SplitSeq {
		return "The splitting of the upload"
	}
	return fmt.Sprintf("Step %d", c.Seq)
}

// advice is what a client can do about an operation that was given up.
var advice = map[task.Kind]string{
	task.Import: " The unprocessed records can be downloaded and sent again.",
	task.Split:  " Nothing was imported: send it again.",
}
