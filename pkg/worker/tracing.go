package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/tracing"
)

// startSpan starts the span of an attempt that began at a time, in the trace of its operation, and adds
// the id of the trace to log messages. The returned function ends the span.
func (w *Worker) startSpan(
	ctx context.Context, c job.Chunk, attempt store.Attempt, began time.Time,
) (context.Context, func(metrics.StepResult, error)) {
	if w.Tracer == nil {
		return ctx, func(metrics.StepResult, error) {}
	}
	ctx, span := w.Tracer.StartWork(ctx, string(w.kind), attempt.Traceparent,
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(began), trace.WithAttributes(
			tracing.Operation.String(c.OperationID.String()), tracing.Chunk.Int(c.Seq), tracing.Attempt.Int(attempt.Count),
			tracing.Collection.String(attempt.Collection.Name),
		))
	if id := tracing.ID(ctx); id != "" {
		ctx = logging.With(ctx, slog.String(logging.TraceID, id))
	}
	return ctx, func(result metrics.StepResult, err error) {
		endSpan(span, result, err)
	}
}

// endSpan ends the span of an attempt. Of an error it records the reason of the retry or the code of
// the failure, which quote no data.
func endSpan(span trace.Span, result metrics.StepResult, err error) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(tracing.Result.String(string(result)))
	if retry, ok := errors.AsType[*queue.RetryAfterError](err); ok {
		span.SetAttributes(tracing.Reason.String(retry.Reason))
	}
	if archived, ok := errors.AsType[*queue.ArchiveError](err); ok {
		span.SetAttributes(tracing.Reason.String(archived.Code))
	}
	switch result {
	case metrics.StepCommitted, metrics.StepNoop, metrics.StepLocked, metrics.StepAwaiting:
	default:
		span.SetStatus(codes.Error, "")
	}
}
