// Package work is what every worker does with an entry of the queue, whatever its kind: count the attempt, try the step, and decide
// what follows: the next step, another attempt, or the end of the operation. A service brings its step.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/job"
)

// dispatchBudget bounds ringing the bells after a step; the janitor and the pollers do without if Redis is away.
const dispatchBudget = time.Second

// Process is one step of an operation's work. It logs with its context, which knows the operation, the chunk and the request that began it.
type Process func(ctx context.Context, c job.Chunk, attempt store.Attempt) (store.Committed, error)

// Deps is what a worker needs.
type Deps struct {
	Store *store.Store
	Redis *queue.Redis
	Log   *slog.Logger
	// MaxAttempts is how often each chunk is tried before its operation fails.
	MaxAttempts int
	// Steps and Finished count the work; nil counts for nobody.
	Steps    *metrics.Steps
	Finished *metrics.Finished
}

// Worker runs steps. It is safe for concurrent use.
type Worker struct {
	Deps
	kind       operation.Kind
	dispatcher *queue.Dispatcher
	bell       *queue.Notifier
	try        Process
}

// New makes a worker for operations of a kind.
func New(kind operation.Kind, deps Deps, try Process) *Worker {
	deps.Steps = cmp.Or(deps.Steps, metrics.NewSteps())
	deps.Finished = cmp.Or(deps.Finished, metrics.NewFinished())
	return &Worker{Deps: deps, kind: kind, dispatcher: queue.NewDispatcher(deps.Redis), bell: queue.NewNotifier(deps.Redis), try: try}
}

// ProcessChunk takes one step with a chunk and dispatches what follows. nil means that there is nothing more to do for this queue entry; an
// error asks to bring it back, most of them as a queue.LaterError that says when; a queue.ParkError tells that the operation was given up.
func (w *Worker) ProcessChunk(ctx context.Context, c job.Chunk) (err error) {
	ctx = logging.With(ctx, slog.String(logging.Operation, c.OperationID.String()), slog.Int(logging.Chunk, c.Seq))
	result := metrics.StepFailed // and so it stays after a panic, which the queue makes an error of
	ended := w.Steps.Begin(ctx, job.KindOf(w.kind, c.Seq))
	defer func() { ended(result) }()
	result, err = w.begin(ctx, c)
	return err
}

// begin counts the attempt, and goes on if the chunk is there to be taken.
func (w *Worker) begin(ctx context.Context, c job.Chunk) (metrics.StepResult, error) {
	attempt, err := w.Store.BeginAttempt(ctx, c, w.kind)
	switch {
	case errors.Is(err, store.ErrNothingDue):
		return metrics.StepNothing, nil
	case errors.Is(err, store.ErrLocked):
		return metrics.StepHeld, later(err, reasonHeld, heldDelay)
	case err != nil:
		return metrics.StepForgiven, later(err, reasonTrouble, troubleDelay)
	}
	if attempt.RequestID != "" {
		ctx = logging.With(ctx, slog.String(logging.RequestID, attempt.RequestID))
	}
	result, err := w.step(ctx, c, attempt)
	if back, ok := errors.AsType[*queue.RetryAfterError](err); ok && attempt.RequestID != "" {
		back.Attrs = append(back.Attrs, slog.String(logging.RequestID, attempt.RequestID))
	}
	return result, err
}

// step tries the step and decides what follows.
func (w *Worker) step(ctx context.Context, c job.Chunk, attempt store.Attempt) (metrics.StepResult, error) {
	if attempt.Count > w.MaxAttempts {
		return w.abandon(ctx, c, errNoWord)
	}
	done, err := w.try(ctx, c, attempt)
	if end, ok := errors.AsType[*ClientError](err); ok {
		return w.fail(ctx, c, end.Failure, nil)
	}
	switch {
	case err == nil && done.Failure != nil:
		return metrics.StepRefused, w.failed(ctx, c, *done.Failure, nil)
	case err == nil:
		w.goOn(ctx, c, done)
		return metrics.StepCommitted, nil
	case errors.Is(err, store.ErrNothingDue):
		return metrics.StepNothing, nil
	case errors.Is(err, store.ErrLocked):
		return metrics.StepHeld, forgiven(err, w.Store.UncountAttempt(ctx, c))
	case IsTransient(ctx, err):
		return metrics.StepForgiven, forgiven(err, w.Store.UncountAttempt(ctx, c))
	case attempt.Count >= w.MaxAttempts:
		return w.abandon(ctx, c, err)
	}
	failed := fmt.Sprintf("attempt %d of %d", attempt.Count, w.MaxAttempts)
	return metrics.StepFailed, later(fmt.Errorf("%s: %w", failed, err), failed+" failed", attemptDelay(attempt.Count))
}

// goOn tells what the step left behind and rings for what follows.
func (w *Worker) goOn(ctx context.Context, c job.Chunk, done store.Committed) {
	w.Log.DebugContext(ctx, "chunk committed", slog.Any("counts", done.Counts))
	if done.State.Terminal() {
		w.Finished.Count(c.OperationID, w.kind, done.State)
		w.Log.InfoContext(ctx, "operation finished", slog.String("state", string(done.State)))
	}
	bounded, cancel := context.WithTimeout(ctx, dispatchBudget)
	defer cancel()
	for _, next := range done.Next {
		if err := w.dispatcher.Dispatch(bounded, next.Kind, next.Chunk, queue.GenerationOf(next.Steps)); err != nil {
			w.Log.WarnContext(ctx, "the queue does not answer; the janitor will dispatch", slog.Any("error", err))
			break
		}
	}
	w.ring(bounded, c)
}

// ring tells whoever waits for the operation; who does not hear it looks by himself.
func (w *Worker) ring(ctx context.Context, c job.Chunk) {
	if err := w.bell.Publish(ctx, c.OperationID); err != nil {
		w.Log.DebugContext(ctx, "a change was not told", slog.Any("error", err))
	}
}
