package tracing

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Header is the header of W3C Trace Context in requests, in answers and in queue entries. Its value
// names the trace and a span.
const Header = "traceparent"

// Traceparent returns the value of Header for the span in ctx; empty if there is none.
func Traceparent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[Header]
}

// WithTraceparent returns ctx with a span of another process, given as the value of Header. An empty
// or invalid value changes nothing.
func WithTraceparent(ctx context.Context, value string) context.Context {
	if value == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{Header: value})
}

// ID returns the id of the trace in ctx as 32 hexadecimal digits; empty if there is none.
func ID(ctx context.Context) string {
	if id := trace.SpanContextFromContext(ctx).TraceID(); id.IsValid() {
		return id.String()
	}
	return ""
}

// IDOf returns the id of the trace in the value of Header; empty if the value is invalid.
func IDOf(value string) string { return ID(WithTraceparent(context.Background(), value)) }
