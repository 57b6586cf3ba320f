package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/worker"
)

// TestFailClientError checks that an error of the client's fails the operation without a retry, is
// logged at info level by its code only, and is counted apart. Its message may quote client data.
func TestFailClientError(t *testing.T) {
	t.Parallel()
	failure := operation.Failure{Code: "InvalidQuery", Message: `The database can't read "hush".`}
	f := newFixture(t)
	wantArchived(t, f.worker(t, failing(&worker.ClientError{Failure: failure})).ProcessChunk(t.Context(), f.chunk), failure.Code)
	if op := f.operation(t); op.State != operation.Failed || op.Failure == nil || *op.Failure != failure {
		t.Errorf("state = %s, failure %v, want failed, %v", op.State, op.Failure, failure)
	}
	f.wantClientFailure(t, failure.Code)
}

// TestFailCommittedClientError is TestFailClientError for a step that commits the failure itself.
func TestFailCommittedClientError(t *testing.T) {
	t.Parallel()
	failure := operation.Failure{Code: "InvalidQuery", Message: `The database can't read "hush".`}
	f := newFixture(t)
	w := f.worker(t, func(context.Context, job.Chunk, store.Attempt) (store.Committed, error) {
		return store.Committed{State: operation.Failed, Failure: &failure}, nil
	})
	wantArchived(t, w.ProcessChunk(t.Context(), f.chunk), failure.Code)
	f.wantClientFailure(t, failure.Code)
}

func (f *fixture) wantClientFailure(t *testing.T, code string) {
	t.Helper()
	f.wantLog(t, slog.LevelInfo, map[string]any{"msg": "operation failed", "code": code})
	f.wantLog(t, slog.LevelError)
	if strings.Contains(f.log.String(), "hush") {
		t.Errorf("the log quotes client data:\n%s", &f.log)
	}
	f.wantFinished(t, operation.Failed, 1)
	f.wantSteps(t, metrics.StepFailedClient, 1)
	f.wantSteps(t, metrics.StepFailedInternal, 0)
}

// TestFailReportsOnce checks that an abandoned operation is logged and counted once, even if its
// archived entry is run by hand.
func TestFailReportsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.worker(t, failing(errors.New("broken")))
	wantRetry(t, w.ProcessChunk(t.Context(), f.chunk), "attempt 1 of 2 failed")
	wantArchived(t, w.ProcessChunk(t.Context(), f.chunk), "ChunkAbandoned: broken")
	if err := w.ProcessChunk(t.Context(), f.chunk); err != nil {
		t.Errorf("ProcessChunk() of the archived entry = %v, want nil", err)
	}
	f.wantLog(t, slog.LevelError, map[string]any{"msg": "operation failed", "code": "ChunkAbandoned", "error": "broken"})
	f.wantFinished(t, operation.Failed, 1)
	for _, result := range []metrics.StepResult{metrics.StepFailed, metrics.StepFailedInternal, metrics.StepNoop} {
		f.wantSteps(t, result, 1)
	}
}

// TestFailAfterCancel checks that an operation that was cancelled during the step is not reported
// as failed.
func TestFailAfterCancel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.worker(t, func(ctx context.Context, c job.Chunk, _ store.Attempt) (store.Committed, error) {
		if _, _, err := f.store.Cancel(ctx, c.OperationID); err != nil {
			t.Error(err)
		}
		return store.Committed{}, &worker.ClientError{Failure: operation.Failure{Code: "TooMuch", Message: "It is too much."}}
	})
	if err := w.ProcessChunk(t.Context(), f.chunk); err != nil {
		t.Errorf("ProcessChunk() = %v, want nil", err)
	}
	f.wantLog(t, slog.LevelError)
	f.wantFinished(t, operation.Failed, 0)
}

// TestProcessChunkLimitsStep: a step that takes longer than MaxStepTime fails its operation at once.
func TestProcessChunkLimitsStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.worker(t, func(ctx context.Context, _ job.Chunk, _ store.Attempt) (store.Committed, error) {
		<-ctx.Done()
		return store.Committed{}, ctx.Err()
	})
	w.MaxStepTime = 10 * time.Millisecond
	wantArchived(t, w.ProcessChunk(t.Context(), f.chunk), "StepTooLong")
	f.wantState(t, operation.Failed)
}
