// Package tracing records the work on an operation as one OpenTelemetry trace. The trace begins with
// the request that starts the operation. Its context is kept in the operation's row and in each queue
// entry, so that the spans of all services and of every attempt belong to it. The package uses the
// trace API only; package otlp exports the spans.
//
// Tracing is off unless an exporter is configured. Then every *Tracer is nil, no driver is
// instrumented, and the functions of this package return their argument without an allocation.
package tracing

import (
	"context"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// scope is the name of the instrumentation in each span.
const scope = "github.com/longshore-io/longshore/pkg/tracing"

// The attributes of spans.
const (
	// Operation is the id of the operation, Chunk the number of the chunk in it.
	Operation = attribute.Key("longshore.operation")
	Chunk     = attribute.Key("longshore.chunk")
	// Collection is the name of the operation's collection.
	Collection = attribute.Key("longshore.collection")
	// Attempt counts the attempts at a step, from 1. Result is a metrics.StepResult.
	Attempt = attribute.Key("longshore.attempt")
	Result  = attribute.Key("longshore.result")
	// Reason is why the step is retried or the operation failed: a text or an error code without
	// data of a client.
	Reason = attribute.Key("longshore.reason")
	// RequestID is the id of a request.
	RequestID = attribute.Key("longshore.request_id")
)

// Tracer starts spans that belong to an operation. It is safe for concurrent use. A nil *Tracer means
// that tracing is off; it has no methods that may be called.
type Tracer struct {
	provider trace.TracerProvider
	tracer   trace.Tracer
}

// New returns a tracer whose spans go to a provider.
func New(provider trace.TracerProvider) *Tracer {
	return &Tracer{provider: provider, tracer: provider.Tracer(scope)}
}

// Provider returns the provider, for the instrumentation of a server.
func (t *Tracer) Provider() trace.TracerProvider { return t.provider }

// StartWork starts the span of work on an operation whose context was kept as traceparent. A context
// that came with the queue entry becomes a link, so that the spans of all steps are children of the
// request and not a chain of thousands. Without a kept context it becomes the parent. The span
// contains the number and the time of calls to Postgres and Redis instead of a span for each.
func (t *Tracer) StartWork(ctx context.Context, name, traceparent string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	if origin := trace.SpanContextFromContext(ctx); origin.IsValid() && traceparent != "" {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: origin}))
	}
	ctx, span := t.tracer.Start(WithTraceparent(ctx, traceparent), name, options...)
	return withTotals(ctx, span)
}

// Start starts a span as a child of the one in ctx. If there is none that records, as always when
// tracing is off, it returns ctx and a span that does nothing.
func Start(ctx context.Context, name string) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, parent
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name)
}

// StartTotals is Start for work with many calls to Postgres and Redis: the span contains their number
// and their time instead of a span for each.
func StartTotals(ctx context.Context, name string) (context.Context, trace.Span) {
	ctx, span := Start(ctx, name)
	return withTotals(ctx, span)
}

// Fail marks a span as failed unless err is nil. The text of the error is not recorded, because it may
// quote data.
func Fail(span trace.Span, err error) {
	if err != nil && span.IsRecording() {
		span.SetStatus(codes.Error, "")
	}
}

// SetOperation adds the id of an operation to the span in ctx.
func SetOperation(ctx context.Context, id uuid.UUID) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(Operation.String(id.String()))
	}
}
