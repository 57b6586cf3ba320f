// Package worker processes queue entries of any kind: it counts the attempt, runs the step that a
// service provides, and decides what follows: the next step, a retry, or the failure of the
// operation.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/tracing"
)

// dispatchTimeout bounds the requests to Redis after a step. If Redis does not answer, the janitor
// dispatches the next chunk, and subscribers poll.
const dispatchTimeout = time.Second

// Process runs one step of an operation and commits it. Its context adds the operation, the chunk
// and the id of the request that created the operation to log messages.
type Process func(ctx context.Context, c job.Chunk, attempt store.Attempt) (store.Committed, error)

// Deps are the dependencies of a worker.
type Deps struct {
	Store *store.Store
	Redis *queue.Redis
	Log   *slog.Logger
	// MaxAttempts is the number of failed attempts after which a chunk's operation fails.
	MaxAttempts int
	// MaxStepTime is how long a step may hold its transaction before its operation fails; 0 means until
	// the queue's own timeout. Vacuum can't remove rows that were deleted since the transaction began.
	MaxStepTime time.Duration
	// Shares limit what one owner may have in a queue.
	Shares config.Shares
	// Steps and Finished are the worker's metrics; nil for metrics that nothing exports.
	Steps    *metrics.Steps
	Finished *metrics.Finished
	// Tracer records a span for each attempt; nil does not.
	Tracer *tracing.Tracer
}

// Worker processes chunks of one kind. It is safe for concurrent use.
type Worker struct {
	Deps
	kind       job.Kind
	dispatcher *queue.Dispatcher
	notifier   *queue.Notifier
	process    Process
	// group processes imports of one chunk together; nil if the kind has no such operations.
	group ProcessGroup
}

// New returns a worker that processes chunks of a kind.
func New(kind job.Kind, deps Deps, process Process) *Worker {
	deps.Steps = cmp.Or(deps.Steps, metrics.NewSteps())
	deps.Finished = cmp.Or(deps.Finished, metrics.NewFinished())
	return &Worker{
		Deps: deps, kind: kind, process: process,
		dispatcher: queue.NewDispatcher(deps.Redis), notifier: queue.NewNotifier(deps.Redis),
	}
}

// ProcessEntry processes the chunks of a queue entry. It is a queue.Handler. Its results are those of ProcessChunk.
func (w *Worker) ProcessEntry(ctx context.Context, e job.Entry) error {
	if w.group == nil || !e.Whole {
		return w.ProcessChunk(ctx, e.Chunk)
	}
	return w.processWhole(ctx, e)
}

// ProcessChunk runs one step of a chunk and dispatches what follows. It
// returns nil when the queue entry is done, a *queue.RetryAfterError to retry it, and a
// *queue.ArchiveError when the operation has failed.
func (w *Worker) ProcessChunk(ctx context.Context, c job.Chunk) (err error) {
	ctx = logging.With(ctx, slog.String(logging.Operation, c.OperationID.String()), slog.Int(logging.Chunk, c.Seq))
	result := metrics.StepFailed // unchanged by a panic, which the queue converts to an error
	finish := w.Steps.Begin(ctx, w.kind)
	defer func() { finish(result) }()
	result, err = w.begin(ctx, c)
	return err
}

// begin counts the attempt and, if the chunk is due and not locked, runs it.
func (w *Worker) begin(ctx context.Context, c job.Chunk) (_ metrics.StepResult, err error) {
	began := time.Now()
	attempt, err := w.Store.BeginAttempt(ctx, c, w.kind.Operation())
	switch {
	case errors.Is(err, store.ErrNothingDue):
		return metrics.StepNoop, nil
	case errors.Is(err, store.ErrLocked):
		return metrics.StepLocked, retryAfter(lockedDelay, reasonLocked, err)
	case err != nil:
		return metrics.StepTransient, retryAfter(transientDelay, reasonTransient, err)
	}
	if attempt.RequestID != "" {
		ctx = logging.With(ctx, slog.String(logging.RequestID, attempt.RequestID))
	}
	ctx, endSpan := w.startSpan(ctx, c, attempt, began)
	result := metrics.StepFailed // unchanged by a panic
	defer func() { endSpan(result, err) }()
	result, err = w.run(ctx, c, attempt)
	switch {
	case ended(result):
		w.releaseNext(ctx, attempt)
	case result == metrics.StepTransient || result == metrics.StepAwaiting:
		err = w.giveWay(ctx, c, attempt, err)
	}
	if retry, ok := errors.AsType[*queue.RetryAfterError](err); ok {
		retry.Attrs = append(retry.Attrs, logging.Of(ctx, logging.RequestID, logging.TraceID)...)
	}
	return result, err
}

// run runs the step and decides what follows.
func (w *Worker) run(ctx context.Context, c job.Chunk, attempt store.Attempt) (metrics.StepResult, error) {
	if attempt.Count > w.maxAttempts(attempt) {
		return w.abandon(ctx, c, attempt, errWorkersKilled)
	}
	done, err := w.processWithin(ctx, c, attempt)
	if errors.Is(err, errStepTooLong) {
		return w.fail(ctx, c, stepTooLong, nil)
	}
	if client, ok := errors.AsType[*ClientError](err); ok {
		return w.fail(ctx, c, client.Failure, client.Cause)
	}
	if caller, ok := errors.AsType[*store.CallerError](err); ok {
		return w.fail(ctx, c, operation.Failure{Code: "RoleNotAllowed", Message: caller.Message + "."}, err)
	}
	switch {
	case err == nil && done.Failure != nil:
		return metrics.StepFailedClient, w.reportFailure(ctx, c, *done.Failure, nil)
	case err == nil:
		w.dispatchNext(ctx, c, attempt, done)
		return metrics.StepCommitted, nil
	case errors.Is(err, store.ErrNothingDue):
		return metrics.StepNoop, nil
	case IsTransient(ctx, err):
		return w.retryUncounted(ctx, c, attempt, err)
	case attempt.Count >= w.maxAttempts(attempt):
		return w.abandon(ctx, c, attempt, err)
	}
	reason := fmt.Sprintf("attempt %d of %d", attempt.Count, w.maxAttempts(attempt))
	return metrics.StepFailed, retryAfter(attemptDelay(attempt.Count), reason+" failed", fmt.Errorf("%s: %w", reason, err))
}

// errStepTooLong is the cause of a context that MaxStepTime has ended.
var errStepTooLong = errors.New("the step took too long")

// stepTooLong is the failure of its operation. A retry would start from the beginning and take as long.
var stepTooLong = operation.Failure{
	Code: "StepTooLong", Message: "A step of the operation took longer than this installation allows. Make it smaller, for example with a filter.",
}

// processWithin runs the step, and returns errStepTooLong if it failed because it took longer than
// MaxStepTime.
func (w *Worker) processWithin(ctx context.Context, c job.Chunk, attempt store.Attempt) (store.Committed, error) {
	if w.MaxStepTime == 0 {
		return w.process(ctx, c, attempt)
	}
	limited, cancel := context.WithTimeoutCause(ctx, w.MaxStepTime, errStepTooLong)
	defer cancel()
	done, err := w.process(limited, c, attempt)
	if err != nil && errors.Is(context.Cause(limited), errStepTooLong) {
		err = errors.Join(errStepTooLong, err)
	}
	return done, err
}

// dispatchNext reports a committed step, queues the chunks that follow, and notifies the subscribers.
func (w *Worker) dispatchNext(ctx context.Context, c job.Chunk, attempt store.Attempt, done store.Committed) {
	w.reportCommitted(ctx, c, attempt, done)
	ctx, cancel := context.WithTimeout(ctx, dispatchTimeout)
	defer cancel()
	w.dispatchAll(ctx, 0, w.following(ctx, attempt, done))
	w.publish(ctx, c)
}

// reportCommitted logs a committed step, and counts the operation if it is finished.
func (w *Worker) reportCommitted(ctx context.Context, c job.Chunk, attempt store.Attempt, done store.Committed) {
	w.Log.DebugContext(ctx, "chunk committed", slog.Any("counts", done.Counts))
	for _, warning := range done.Warnings {
		w.Log.WarnContext(ctx, "the import has a warning", slog.String("collection", attempt.Collection.Name), slog.String("warning", warning))
	}
	if done.State.Terminal() {
		w.Finished.Count(c.OperationID, w.kind.Operation(), done.State)
		w.Log.InfoContext(ctx, "operation finished", slog.String("state", string(done.State)))
	}
}

// dispatchAll queues chunks, to be processed after the delay.
func (w *Worker) dispatchAll(ctx context.Context, delay time.Duration, due []store.Next) {
	for _, next := range due {
		if err := w.dispatcher.DispatchAfter(ctx, delay, next.Kind, next.Entry(), queue.GenerationOf(next.Steps)); err != nil {
			w.Log.WarnContext(ctx, "the next chunk was not queued; the janitor will dispatch it", slog.Any("error", err))
			return
		}
	}
}

// publish notifies the subscribers of the operation. They poll too, so an error is only logged.
func (w *Worker) publish(ctx context.Context, c job.Chunk) {
	if err := w.notifier.Publish(ctx, c.OperationID); err != nil {
		w.Log.DebugContext(ctx, "change not published", slog.Any("error", err))
	}
}
