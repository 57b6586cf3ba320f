package server

import (
	"log/slog"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// maxCallSpans is how many calls to Postgres and Redis of one request get a span of their own. An event
// stream makes a call each second.
const maxCallSpans = 50

// traceRequests returns the middleware that starts the span of a request, in the trace of the client's
// traceparent if it sent one.
func traceRequests(t *tracing.Tracer) gin.HandlerFunc {
	return otelgin.Middleware("", otelgin.WithTracerProvider(t.Provider()),
		otelgin.WithPropagators(propagation.TraceContext{}), otelgin.WithMeterProvider(noop.NewMeterProvider()))
}

// describeTrace adds the id of the trace to the response and to log messages, and the id of the request
// to the span. It runs after identify.
func describeTrace(c *gin.Context) {
	ctx := c.Request.Context()
	c.Header(tracing.Header, tracing.Traceparent(ctx))
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(tracing.RequestID.String(c.GetHeader(edge.RequestIDHeader)))
	}
	ctx, report := tracing.CountCalls(logging.With(ctx, slog.String(logging.TraceID, tracing.ID(ctx))), maxCallSpans)
	c.Request = c.Request.WithContext(ctx)
	c.Next()
	report()
}
