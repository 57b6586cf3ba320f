package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// failTimeout bounds the failing of an operation.
const failTimeout = 5 * time.Second

// ClientError fails the operation because of its request or data. It is not retried, because
// another attempt would end the same way.
type ClientError struct {
	Failure operation.Failure
	// Cause is what operators have to correct before another attempt can succeed; nil if the client
	// alone can.
	Cause error
}

// Error returns the code and the message of the failure.
func (e *ClientError) Error() string { return e.Failure.Code + ": " + e.Failure.Message }

var (
	// errWorkersKilled is the cause when all attempts were counted and none reported an error.
	errWorkersKilled = errors.New("every attempt ended without an error report (the worker was killed)")
	// errServerCrashed is the cause when Postgres crashed during the last attempt.
	errServerCrashed = errors.New("the database server crashed during the attempt")
)

// abandon fails the operation of a chunk whose attempts are used up.
func (w *Worker) abandon(ctx context.Context, c job.Chunk, attempt store.Attempt, cause error) (metrics.StepResult, error) {
	why := ""
	if attempt.Lost > 0 {
		why = fmt.Sprintf(" During %d of them the database server crashed.", attempt.Lost)
	}
	if reason := store.PublicReason(cause); reason != "" {
		why += " " + reason
	}
	return w.fail(ctx, c, operation.Failure{
		Code: "ChunkAbandoned",
		Message: fmt.Sprintf("%s could not be done in %s, so the operation was given up.%s What was done before stays.%s",
			w.stepName(c), attempts(w.maxAttempts(attempt)), why, advice[w.kind]),
	}, cause)
}

// fail fails the operation unless it has already ended. The cause is for operators only; it is nil
// for a ClientError.
func (w *Worker) fail(ctx context.Context, c job.Chunk, failure operation.Failure, cause error) (metrics.StepResult, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failTimeout) // the step may have exceeded its timeout
	defer cancel()
	failed, err := w.Store.Fail(ctx, c, failure)
	if err != nil {
		return metrics.StepFailed, errors.Join(err, cause)
	}
	if !failed {
		return metrics.StepNoop, nil
	}
	result := metrics.StepFailedInternal
	if cause == nil {
		result = metrics.StepFailedClient
	}
	return result, w.reportFailure(ctx, c, failure, cause)
}

// reportFailure logs, counts and publishes a failed operation, and returns the error that archives
// its queue entry. Without a cause the failure is the client's: it is logged at info level, by its
// code only, because the message may quote client data.
func (w *Worker) reportFailure(ctx context.Context, c job.Chunk, failure operation.Failure, cause error) error {
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("code", failure.Code)}
	if cause != nil {
		level, attrs = slog.LevelError, append(attrs, slog.Any("error", cause))
	}
	w.Log.LogAttrs(ctx, level, "operation failed", attrs...)
	w.Finished.Count(c.OperationID, w.kind.Operation(), operation.Failed)
	w.publish(ctx, c)
	return &queue.ArchiveError{Code: failure.Code, Err: cause}
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// stepName names a step in messages to clients.
func (w *Worker) stepName(c job.Chunk) string {
	if w.kind == job.Split {
		return "The splitting of the upload"
	}
	return fmt.Sprintf("Step %d", c.Seq)
}

// advice is what a client can do about an abandoned operation.
var advice = map[job.Kind]string{
	job.Import: " The unprocessed records can be downloaded and sent again.",
	job.Split:  " Nothing was imported: send it again.",
}
