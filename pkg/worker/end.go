package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/job"
)

// failTimeout bounds the end of an operation that is given up.
const failTimeout = 5 * time.Second

// ClientError ends the operation for a mistake of its client's: nothing would be different at another attempt.
type ClientError struct {
	Failure operation.Failure
}

// Error tells why.
func (e *ClientError) Error() string { return e.Failure.Code + ": " + e.Failure.Message }

// errNoWord is why an operation is given up whose attempts ended without a word.
var errNoWord = errors.New("no worker lived to tell why")

// abandon fails the operation of a chunk that can't be processed.
func (w *Worker) abandon(ctx context.Context, c job.Chunk, cause error) (metrics.StepResult, error) {
	return w.fail(ctx, c, operation.Failure{
		Code: "ChunkAbandoned",
		Message: fmt.Sprintf("%s could not be done in %s, so the operation was given up. What was done before stays.%s",
			stepOf(c), attempts(w.MaxAttempts), advice[job.KindOf(w.kind, c.Seq)]),
	}, cause)
}

// fail fails the operation unless somebody else has ended it. The cause is for operators only, and nil for a client's mistake.
func (w *Worker) fail(ctx context.Context, c job.Chunk, why operation.Failure, cause error) (metrics.StepResult, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failTimeout) // the step may have used up its time
	defer cancel()
	did, err := w.Store.Fail(ctx, c, why)
	if err != nil {
		return metrics.StepFailed, errors.Join(err, cause)
	}
	if !did {
		return metrics.StepNothing, nil
	}
	if cause == nil {
		return metrics.StepRefused, w.failed(ctx, c, why, nil)
	}
	return metrics.StepEnded, w.failed(ctx, c, why, cause)
}

// failed tells of an operation that has ended in failure: the log, the metrics, who waits for it, and who looks at the queue. A client's mistake,
// which has no cause, is no error of ours, and told by its code alone: the message is for the client and may quote what it sent.
func (w *Worker) failed(ctx context.Context, c job.Chunk, why operation.Failure, cause error) error {
	level, told := slog.LevelInfo, []slog.Attr{slog.String("code", why.Code)}
	if cause != nil {
		level, told = slog.LevelError, append(told, slog.Any("error", cause))
	}
	w.Log.LogAttrs(ctx, level, "operation failed", told...)
	w.Finished.Count(c.OperationID, w.kind, operation.Failed)
	w.ring(ctx, c)
	return &queue.ArchiveError{Code: why.Code, Err: cause}
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// stepOf names a step for people.
func stepOf(c job.Chunk) string {
	if c.Seq == job.SplitSeq {
		return "The splitting of the upload"
	}
	return fmt.Sprintf("Step %d", c.Seq)
}

// advice is what a client can do about an operation that was given up.
var advice = map[job.Kind]string{
	job.Import: " The unprocessed records can be downloaded and sent again.",
	job.Split:  " Nothing was imported: send it again.",
}
